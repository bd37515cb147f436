"""Keeps parsed frames on disk until they are folded: no file is parsed twice in one night, and memory holds one batch
at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import polars as pl

from leaderboard_etl.raw.ledger import Drift, FileVersion
from leaderboard_etl.reading.runners import Batch
from leaderboard_etl.sources.base import TARGETS, Parsed, empty
from leaderboard_etl.sources.measured import Measured


class _Span(NamedTuple):
    at_byte: int
    size_bytes: int


class _KeptBatch(NamedTuple):
    files: Sequence[FileVersion]
    source_rows: int
    rows_in: int | None
    spans: Mapping[str, tuple[_Span, ...]]


class Shelf:
    """Keeps frames in a file without a name, which disappears with the process. The file is created with the first
    frame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end_byte = 0

    def put(self, frame: pl.DataFrame) -> _Span:
        """Writes a frame and returns where it is. Raises OSError if the disk is full."""
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="lz4")
        span = _Span(self._end_byte, buffer.tell())
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115, it stays open until close
        self._file.seek(span.at_byte)
        self._file.write(buffer.getbuffer())
        self._end_byte += span.size_bytes
        return span

    def get(self, span: _Span, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Reads the frame there, or some of its columns."""
        assert self._file is not None, "put returned the span, so it created the file"
        self._file.seek(span.at_byte)
        content = io.BytesIO(self._file.read(span.size_bytes))
        return pl.read_ipc(content, columns=list(columns) if columns else None)

    def close(self) -> None:
        """Removes the file."""
        if self._file is not None:
            self._file.close()


class Kept:
    """The parsed content of some files of one source, as batches that can be read any number of times.

    `files` are all these files. `drift` holds one entry per subject, with the messages of all batches.
    """

    def __init__(self, shelf: Shelf, files: Sequence[FileVersion], batches: Iterable[Batch]) -> None:
        """Parses all `batches` and stores their frames. Raises what parsing raises, and OSError if the disk is full."""
        self.files = files
        self._shelf = shelf
        self._batches: list[_KeptBatch] = []
        drift: list[Drift] = []
        for read, parsed in batches:
            held = [target for target in (*TARGETS, "quarantine") if parsed.count(target)]
            spans = {target: tuple(map(shelf.put, _frames(getattr(parsed, target)))) for target in held}
            self._batches.append(_KeptBatch(read, parsed.source_rows, parsed.rows_in, spans))
            drift += parsed.drift
        self.drift = _one_per_subject(drift)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            parsed = Parsed(source_rows=batch.source_rows, rows_in=batch.rows_in)
            for target, spans in batch.spans.items():
                frames = [self._shelf.get(span) for span in spans]
                setattr(parsed, target, Measured(*frames) if len(frames) > 1 else frames[0])
            yield batch.files, parsed

    def frame(self, target: str, *columns: str) -> pl.DataFrame:
        """Some columns of one target's rows, from all batches; subtask scores are not kept as rows."""
        spans = [span for batch in self._batches for span in batch.spans.get(target, ())]
        if not spans:
            return empty(target).select(columns)
        return pl.concat([self._shelf.get(span, columns) for span in spans]).select(columns)


def _frames(held: pl.DataFrame | Measured) -> Sequence[pl.DataFrame]:
    return held if isinstance(held, Measured) else [held]


def _one_per_subject(drift: Sequence[Drift]) -> list[Drift]:
    by_subject: dict[tuple[str, str, str], list[Drift]] = {}
    for each in drift:
        by_subject.setdefault((each.source_id, each.kind, each.subject), []).append(each)
    return [
        Drift(*subject, "; ".join(dict.fromkeys(each.message for each in same)), any(each.is_held for each in same))
        for subject, same in by_subject.items()
    ]
