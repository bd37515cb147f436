"""Errors that a person can act on: what happened, where, what it means and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from leaderboard_etl.termination import signal_in


class EtlError(Exception):
    """Base of every error that the pipeline raises on purpose. Its text is shown as it is, without a traceback."""


class HubError(EtlError):
    """The Hub did not give what we asked for: it was unreachable, refused, limited us, or sent wrong bytes.

    `status` is the HTTP status of its last answer; 0: it gave none, or one that cannot be trusted.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class SourceError(EtlError):
    """One source cannot be loaded tonight: the others load, and this one stays at its last good state."""


class ContractError(SourceError):
    """A file's columns or types are not those of any known era: loading it would misread it."""


class PolicyError(EtlError):
    """A policy CSV in the project is malformed or contradicts itself."""


class WarehouseError(EtlError):
    """The warehouse folder cannot be used: locked, of another Hub, missing, or damaged."""


class EngineError(WarehouseError):
    """DuckDB, Polars or the system could not do something: there is no memory, no space, or the project has a fault."""


class UnwritableError(WarehouseError):
    """Fetched bytes cannot be stored: the disk is full, or the store refuses them. No source can continue."""


class AuditError(WarehouseError):
    """A check with severity `error` found rows: nothing was published. `findings` are what all checks found."""

    def __init__(self, message: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class UsageError(EtlError):
    """The command was given something that it cannot act on (exit code 2). `below` are lines that show where, as an engine
    points at a word of a query."""

    def __init__(self, message: str, below: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.below = below


_ENGINES = frozenset({"duckdb", "_duckdb", "polars"})
_NO_MEMORY = frozenset({"OutOfMemoryException", "MemoryError"})


def engine_error(error: Exception) -> EngineError | None:
    """An error of DuckDB, Polars or the system's memory as one line that says what to do; null for an error of another kind."""
    kind = type(error).__name__
    if type(error).__module__.partition(".")[0] not in _ENGINES and kind not in _NO_MEMORY:
        return None
    lines = str(error).strip().splitlines()
    text = f"{kind}: {lines[0][:500]}" if lines else kind
    if "No space left" in text or "max_temp_directory_size" in str(error):
        what = "free space on the disk of the warehouse folder"
    elif kind in _NO_MEMORY:
        what = "give it more with --memory, or let it run where more is free"
    elif kind == "IOException":
        what = "check the rights and the disk of the warehouse folder"
    else:
        what = "this is a fault of the project: report it with this line"
    return EngineError(f"{text}; {what}. The published warehouse is untouched")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Within the block an error of an engine is an EngineError that says in one line what to do, and a signal that the engine
    reports as an error is the signal."""
    try:
        yield
    except Exception as error:
        if (stopped := signal_in(error)) is not None:
            raise stopped from error
        in_one_line = engine_error(error)
        if in_one_line is None:
            raise
        raise in_one_line from error


def first_line(error: BaseException) -> str:
    """The text of an error, in one line of at most 800 characters."""
    return re.sub(r"\s+", " ", str(error)).strip()[:800]
