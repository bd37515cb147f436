"""Compares the ledger's lines with the published file: which lines are sound, which are lost, and which the file can
restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from leaderboard_etl.doctor.faults import Fault, counted
from leaderboard_etl.doctor.published import Published, differs
from leaderboard_etl.raw.chain import Line, read_lines
from leaderboard_etl.raw.ledger import Load

REMAKE = "makes the missing lines again from the published file"


@dataclass
class Lines:
    """The lines of a ledger after the comparison.

    `sound` are the loads with a sound line, by id; `lost` are the ids from 1 to the newest without one. `faults` are
    (line number, load id or null, what is wrong). `torn` is what follows the last line end.
    """

    path: Path
    lines: list[Line] = field(default_factory=list)
    torn: bytes = b""
    sound: dict[int, Load] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)
    faults: list[tuple[int, int | None, str]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.lost and not self.faults


def read_ledger(path: Path, published: Published) -> Lines:
    """Reads every line and checks it alone, against its neighbours, and against the published file's record of its
    load.

    Raises OSError if the file exists but cannot be read.
    """
    lines, torn = read_lines(path.read_bytes() if path.exists() else b"")
    read = Lines(path, lines, torn)
    for line in lines:
        load, fault = _load(line), line.fault
        if load is not None and load.load_id not in read.sound and line.is_proven is not False:
            row = published.loads.get(load.load_id)
            differing = differs(row, load) if row is not None and not line.is_proven else None
            if differing is None:
                read.sound[load.load_id] = load
            else:
                fault = fault or f"does not say of load {load.load_id} what the published file says ({differing})"
        if fault is not None:
            read.faults.append((line.number, line.load_id, fault))
    newest = max([0, *read.sound, *published.loads])
    read.lost = [load_id for load_id in range(1, newest + 1) if load_id not in read.sound]
    return read


def examine_ledger(ledger: Lines, published: Published) -> Iterator[Fault]:
    """Yields the faults of the ledger."""
    strangers = are_strangers(ledger, published)
    if strangers is not None:
        yield Fault(
            "ledger",
            f"{ledger.path} and {published.path} are of different warehouses: {strangers}",
            "which of the two belongs here is unknown",
            "a copy: put back the one that does not belong, or move it away",
        )
        return
    lost, again, repair = _remedy(ledger, published)
    if not ledger.lines and published.loads:
        state = "is empty" if ledger.path.exists() else "is not there"
        yield Fault("ledger", f"{ledger.path} {state}, but the published file holds loads", lost, again, repair)
    for number, _, fault in ledger.faults:
        yield Fault("ledger", f"{ledger.path}, line {number}, {fault}", lost or "the chain of lines", again, repair)
    if ledger.lines and not ledger.faults and ledger.lost:
        yield Fault(
            "ledger",
            f"{ledger.path} ends with load {max(ledger.sound)}, but the published file knows {counted(ledger.lost)}",
            *(lost, again, repair),
        )
    if ledger.torn:
        yield Fault(
            "ledger",
            f"{ledger.path} ends with half a line ({len(ledger.torn)} bytes): a run was killed while it wrote it",
            repair="sets it aside, as the next run would",
        )


def are_strangers(ledger: Lines, published: Published) -> str | None:
    """Why ledger and published file cannot belong to the same warehouse; null if they can. A single load with a
    different time may be damage."""
    both = [line for line in ledger.lines if line.load_id in published.loads]
    loads = [load for load in map(_load, both) if load is not None]
    differing = [load for load in loads if published.loads[load.load_id]["as_of_at"] != load.as_of()]
    if not differing or len(differing) < len(loads):
        return None
    first = differing[0]
    at = published.loads[first.load_id]["as_of_at"]
    return f"load {first.load_id} is of {first.as_of():%Y-%m-%d %H:%M} UTC in one and of {at:%Y-%m-%d %H:%M} UTC in the other"


def _remedy(ledger: Lines, published: Published) -> tuple[str | None, str | None, str | None]:
    """(what is lost, where it can be recovered from, what a repair does)."""
    absent = [load_id for load_id in ledger.lost if load_id not in published.loads]
    if absent:
        return f"{counted(ledger.lost)} of the ledger", f"a copy only: nothing else holds {counted(absent)}", None
    if ledger.lost:
        return f"{counted(ledger.lost)} of the ledger", "the published file, except where budgets stopped", REMAKE
    return None, "the lines themselves are whole", "writes the chain of lines again; the old file is kept beside it"


def _load(line: Line) -> Load | None:
    if line.load_id is None:
        return None
    try:
        return msgspec.json.decode(line.content, type=Load)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
