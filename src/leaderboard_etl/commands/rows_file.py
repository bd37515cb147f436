"""Writes the rows of a query as text or Parquet, batch by batch, and never over a file of the warehouse."""

from __future__ import annotations

import io
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from leaderboard_etl.commands.display import as_json_text, beyond_the_calendar, of_this_calendar
from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.printable import ACTING, csv_text, one_line
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import at_the_end

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    from pyarrow import RecordBatch

# The formats by the extension of a file.
FORMATS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "md",
    ".parquet": "parquet",
}
_BATCH_ROWS = 50_000
_PLAIN = frozenset({"boolean", "tinyint", "smallint", "integer", "bigint", "double", "varchar", "date"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_QUOTED = re.compile(r'[",\r\n]')


def expect_outside(output: Path, warehouse: Warehouse) -> None:
    """Raises UsageError for an output inside the warehouse folder, under any path or name, so that a run's files are
    never overwritten."""
    root = warehouse.root
    if not root.exists():
        return
    resolved = output.resolve()
    if any(folder.exists() and folder.samefile(root) for folder in (resolved, *resolved.parents)):
        raise UsageError(f"-o {output} is inside the warehouse folder {root}: choose a path outside it")
    if (
        resolved.is_file()
        and resolved.stat().st_nlink > 1
        and any(f.samefile(resolved) for f in root.rglob("*") if f.is_file())
    ):
        raise UsageError(f"-o {output} is a file of the warehouse by another name: choose another")


def write_rows(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> None:
    """Writes the rows to `output`, which appears complete or not at all; null means standard output.

    A CSV holds lists and structures as JSON text, and its text has no effect in a terminal or a spreadsheet. JSON is one
    list with a row per line, JSON Lines an object per line. Raises EtlError if the file cannot be written, and duckdb.Error or
    UsageError if the query fails.
    """
    if output is None:
        sys.stdout.flush()
        for piece in _pieces(relation, form):
            sys.stdout.write(piece.decode())
        return
    try:
        with _replacing(output) as file:
            if form == "parquet":
                _write_parquet(relation, file)
            else:
                file.writelines(_pieces(relation, form))
    except OSError as error:
        raise EtlError(f"{output} cannot be written: {error.strerror or error}") from error


def as_markdown(relation: duckdb.DuckDBPyRelation) -> str:
    """The rows as a Markdown table, as write_rows writes them."""
    return b"".join(_pieces(relation, "md")).decode()


@contextmanager
def _replacing(output: Path) -> Iterator[BinaryIO]:
    """Yields a file that replaces `output` at the end of the block. A link, a device or a pipe is written directly."""
    if output.is_symlink() or (output.exists() and not output.is_file()):
        with output.open("wb") as file:
            yield file
        return
    partial = output.with_name(f".{output.name}.part")
    with at_the_end(lambda: partial.unlink(missing_ok=True)):
        try:
            with partial.open("wb") as file:
                yield file
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)


def _write_parquet(relation: duckdb.DuckDBPyRelation, file: BinaryIO) -> None:
    from pyarrow.parquet import ParquetWriter

    batches = _batches(relation)
    first = next(batches)
    with ParquetWriter(file, first.schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _pieces(relation: duckdb.DuckDBPyRelation, form: str) -> Iterator[bytes]:
    if form == "csv" and _is_plain(relation):
        return _plain_csv_pieces(relation)
    writers = {"csv": _csv_pieces, "json": _json_pieces, "jsonl": _json_line_pieces, "md": _markdown_pieces}
    return writers[form](_frames(relation))


def _frames(relation: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    import polars as pl

    return (of_this_calendar(pl.DataFrame(pl.from_arrow(batch))) for batch in _batches(relation))


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[RecordBatch]:
    """The rows in batches, after an empty batch with the columns. Repeated names get a number: a, a_1."""
    import pyarrow as pa

    names: list[str] = []
    for name in relation.columns:
        candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(1)))
        names.append(next(candidate for candidate in candidates if candidate not in names))
    reader = relation.to_arrow_reader(_BATCH_ROWS)
    yield pa.RecordBatch.from_pylist([], schema=reader.schema).rename_columns(names)
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowException, OSError) as error:  # a failure at a later row comes as an Arrow error
            raise UsageError(f"DuckDB refuses the query: {error}") from error
        yield batch.rename_columns(names)


def _csv_pieces(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for number, frame in enumerate(frames):
        buffer = io.BytesIO()
        _flat(frame).write_csv(buffer, include_header=number == 0)
        yield buffer.getvalue()


def _is_plain(relation: duckdb.DuckDBPyRelation) -> bool:
    """Whether DuckDB's own rows make the same file, so that the libraries for frames need not be imported."""
    names = relation.columns
    return len(set(names)) == len(names) and all(kind.id in _PLAIN for kind in relation.types)


def _plain_csv_pieces(relation: duckdb.DuckDBPyRelation) -> Iterator[bytes]:
    """The rows as `_csv_pieces` writes them."""
    names = list(relation.columns)
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    days = [kind.id == "date" for kind in relation.types]
    yield (",".join(_cell(csv_text(name)) for name in names) + "\n").encode()
    # A day beyond Python's calendar shows as text.
    selected = ", ".join(f"{name}::varchar as {name}" if day else name for name, day in zip(quoted, days, strict=True))
    rows = _rows(relation.select(selected))
    while batch := list(itertools.islice(rows, _BATCH_ROWS)):
        for number, name in enumerate(names):
            if days[number] and any(row[number] is not None and not _DAY.fullmatch(str(row[number])) for row in batch):
                raise beyond_the_calendar(name)
        yield "".join(",".join(map(_cell, row)) + "\n" for row in batch).encode()


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[object, ...]]:
    """The rows one by one: DuckDB 2 has a method for it, and DuckDB 1 keeps a cursor."""
    of_any_version: Any = relation
    if hasattr(of_any_version, "iter_rows"):
        yield from of_any_version.iter_rows()
        return
    while (row := of_any_version.fetchone()) is not None:
        yield row


def _cell(value: object) -> str:
    """A value as Polars writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        digits, exponent, power = repr(value).replace("nan", "NaN").partition("e-")
        if power == "05":
            return f"{value:.{len(digits.lstrip('-').replace('.', '')) + 4}f}"
        return f"{digits}e-{int(power)}" if exponent else digits
    if not isinstance(value, str):
        return str(value)
    text = csv_text(value) if _SUSPECTED.search(value) else value
    return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text


def _markdown_cell(value: object) -> str:
    """A value as a page shows it: text as it is, for no spreadsheet reads it."""
    if isinstance(value, str):
        return value
    return as_json_text(value) if isinstance(value, list | dict | bytes) else _cell(value)


def _json_pieces(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    lead = "[\n  "
    for frame in frames:
        for row in frame.iter_rows(named=True):
            yield f"{lead}{as_json_text(row)}".encode()
            lead = ",\n  "
    yield b"[]\n" if lead.startswith("[") else b"\n]\n"


def _json_line_pieces(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for frame in frames:
        for row in frame.iter_rows(named=True):
            yield f"{as_json_text(row)}\n".encode()


def _markdown_pieces(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for number, frame in enumerate(frames):
        if number == 0:
            yield _markdown_row(frame.columns)
            yield _markdown_row("---:" if dtype.is_numeric() else "---" for dtype in frame.dtypes)
        for row in frame.iter_rows():
            yield _markdown_row(map(_markdown_cell, row))


def _markdown_row(cells: Iterable[str]) -> bytes:
    return f"| {' | '.join(one_line(cell).replace('|', '&#124;') for cell in cells)} |\n".encode()


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with cells that a CSV can hold: lists and structures as JSON text, and text that has no effect in a
    spreadsheet."""
    import polars as pl

    def as_csv_cells(column: pl.Series) -> pl.Series:
        if column.dtype.is_nested() or column.dtype == pl.Binary:
            return pl.Series(
                column.name, [None if v is None else as_json_text(v) for v in column.to_list()], dtype=pl.String
            )
        if column.dtype in (pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
        if column.dtype == pl.String and column.str.contains(_SUSPECT).any():
            return column.map_elements(csv_text, return_dtype=pl.String)
        return column

    return pl.DataFrame([as_csv_cells(column).rename(csv_text(column.name)) for column in frame])


_SUSPECT = f"^[=+\\-@\t\r]|{ACTING.pattern}".replace("\ud800-\udfff", "")
_SUSPECTED = re.compile(_SUSPECT)
