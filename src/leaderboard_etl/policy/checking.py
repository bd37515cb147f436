"""Compares the policy CSVs with their registry: each fault names the file, the line and the column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

import polars as pl

from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy
from leaderboard_etl.policy.schema import PolicyColumn, PolicyTable, policy_tables

_HEADER_LINE = 1
# Names that RFC 2606 and RFC 6761 reserve.
_NO_SOURCE = re.compile(r"(^|\.)(example(\.(com|net|org|edu))?|test|invalid|localhost)$")
_SHORTENERS = frozenset(
    (
        "bit.ly",
        "buff.ly",
        "goo.gl",
        "goo.gle",
        "is.gd",
        "lnkd.in",
        "ow.ly",
        "rebrand.ly",
        "shorturl.at",
        "t.co",
        "tinyurl.com",
    )
)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a policy CSV. `line` counts rows of the table below the header, which is line 1; null: the file."""

    csv: str
    line: int | None
    column: str | None
    what: str

    def __str__(self) -> str:
        at = ", ".join(
            part
            for part in (self.csv, self.line and f"line {self.line}", self.column and f"column {self.column}")
            if part
        )
        return f"{at}: {self.what}"


def faults(policy: Policy) -> list[Fault]:
    """Every place where the policy does not fit sql/policy, in the order of files and lines."""
    return list(_faults(tuple(sorted(policy.texts.items()))))


@lru_cache(maxsize=4)
def _faults(texts: tuple[tuple[str, bytes], ...]) -> tuple[Fault, ...]:
    policy = Policy(dict(texts))
    all_faults: list[Fault] = []
    tables = policy_tables()
    for name in sorted({*tables, *policy.texts}):
        table = tables.get(name)
        if table is None:
            near = difflib.get_close_matches(name, tables, n=1)
            meant = f"; perhaps {tables[near[0]].csv} is meant" if near else ""
            all_faults.append(
                Fault(f"policy/{name}.csv", None, None, f"sql/policy does not describe this table{meant}")
            )
        else:
            all_faults += _faults_of(policy, table)
    return tuple(all_faults)


def expect_sound_policy(policy: Policy) -> None:
    """Raises PolicyError with the first fault, and how many there are, if the policy does not fit sql/policy."""
    all_faults = faults(policy)
    if all_faults:
        more = (
            f" (and {len(all_faults) - 1} more: `leaderboard-etl policy check` lists them)"
            if len(all_faults) > 1
            else ""
        )
        raise PolicyError(f"{all_faults[0]}{more}")


def _faults_of(policy: Policy, table: PolicyTable) -> Iterator[Fault]:
    ragged = list(_ragged(policy.texts.get(table.name, b""), table))
    yield from ragged
    if ragged:
        return
    try:
        frame = policy.text_frame(table.name)
    except PolicyError as error:
        yield Fault(table.csv, None, None, str(error).partition(": ")[2] or str(error))
        return
    wrong_header = list(_header_faults(frame, table))
    yield from wrong_header
    if wrong_header:
        return
    for column in table.columns:
        yield from _cell_faults(policy, frame, table, column)
    if table.key:
        repeated = frame.with_row_index("line", offset=_HEADER_LINE + 1).filter(pl.struct(table.key).is_duplicated())
        for row in repeated.unique(table.key, keep="last", maintain_order=True).iter_rows(named=True):
            key = ", ".join(f"{name} {row[name]!r}" for name in table.key)
            yield Fault(table.csv, row["line"], None, f"{key} occurs more than once: only one row may decide")


def _ragged(content: bytes, table: PolicyTable) -> Iterator[Fault]:
    rows = csv.reader(io.StringIO(content.decode("utf-8", errors="replace")))
    header = next(rows, [])
    for line, row in enumerate(rows, _HEADER_LINE + 1):
        if row and len(row) != len(header):
            what = f"{len(row)} cells where the header has {len(header)}: is a comma missing, or a text without its quotes?"
            yield Fault(table.csv, line, None, what)


def _header_faults(frame: pl.DataFrame, table: PolicyTable) -> Iterator[Fault]:
    wanted = [column.name for column in table.columns]
    absent = [name for name in wanted if name not in frame.columns]
    for name in frame.columns:
        if name not in wanted:
            near = difflib.get_close_matches(name, absent or wanted, n=1)
            meant = f"; perhaps {near[0]} is meant" if near else f"; the columns are {', '.join(wanted)}"
            yield Fault(table.csv, _HEADER_LINE, name, f"unknown column{meant}")
            absent = [other for other in absent if other not in near]
    for name in absent:
        yield Fault(table.csv, _HEADER_LINE, name, "the column is missing")


def _cell_faults(policy: Policy, frame: pl.DataFrame, table: PolicyTable, column: PolicyColumn) -> Iterator[Fault]:
    fault_of_reference = _fault_of_reference_in(policy, column)
    for line, text in enumerate(frame[column.name].to_list(), _HEADER_LINE + 1):
        if text is None:
            what = "the cell is blank; a value is needed" if column.is_required else None
        else:
            what = _fault_of_text(text, column) or fault_of_reference(text)
        if what is not None:
            yield Fault(table.csv, line, column.name, what)


def _fault_of_reference_in(policy: Policy, column: PolicyColumn) -> Callable[[str], str | None]:
    """What is wrong with a text that refers to a row of another table."""
    if column.refers_to is None:
        return lambda text: None
    name, key = column.refers_to
    try:
        values = set(policy.text_frame(name)[key].to_list())
    except (PolicyError, pl.exceptions.ColumnNotFoundError):
        return lambda text: None  # the fault is reported for that table
    return lambda text: None if text in values else f"{text!r} is not in policy/{name}.csv{_near(text, values)}"


def _fault_of_text(text: str, column: PolicyColumn) -> str | None:
    try:
        _TYPES[column.sql_type](text)
    except ValueError:
        return f"{text!r} is not of type {column.sql_type}"
    if column.allowed and text not in column.allowed:
        return f"{text!r} is not one of {', '.join(column.allowed)}{_near(text, set(column.allowed))}"
    if column.name.endswith("_pattern"):
        try:
            re.compile(text)
        except re.error as error:
            return f"{text!r} is not a regular expression ({error})"
    return _fault_of_link(text) if column.name.endswith("_url") else None


def _fault_of_link(text: str) -> str | None:
    """What is wrong with a link to a source. A host alone, an example or a shortened link does not lead a reader to the fact."""
    if not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+(/\S*)?", text):
        return f"{text!r} is not a link; expected http(s)://host/…"
    link = urlsplit(text)
    host = (link.hostname or "").removeprefix("www.")
    if _NO_SOURCE.search(host):
        return f"{text!r} cannot be a source: {host} is reserved for examples"
    if host in _SHORTENERS:
        return f"{text!r} cannot be a source: write the page that the shortened link leads to"
    if not (link.path.strip("/") or link.query or link.fragment):
        return f"{text!r} cannot be a source: it names a host; link the page that states the fact"
    return None


def _near(text: str, values: set[str | None]) -> str:
    near = difflib.get_close_matches(text, [value for value in values if value], n=1)
    return f"; perhaps {near[0]!r} is meant" if near else ""


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


_TYPES: dict[str, Callable[[str], object]] = {
    "varchar": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": _boolean,
    "date": date.fromisoformat,
}
