"""Examines everything: the published file, the ledger's lines, the raw store, and the rest of the folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from leaderboard_etl.doctor.blobs import Blobs, examine_blobs, read_blobs
from leaderboard_etl.doctor.faults import Fault
from leaderboard_etl.doctor.folder import examine_folder
from leaderboard_etl.doctor.lines import Lines, are_strangers, examine_ledger, read_ledger
from leaderboard_etl.doctor.published import Published, examine_published, read_published
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Ledger, refuse_newer_lines
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.raw.torn import is_torn
from leaderboard_etl.settings import Warehouse

__all__ = ["Examination", "Fault", "examine"]


@dataclass
class Examination:
    """The examined parts and their faults. `is_last_torn`: the ledger's last line names bytes that never reached the
    disk; the faults of other parts ignore that line."""

    published: Published
    ledger: Lines
    blobs: Blobs
    faults: list[Fault] = field(default_factory=list)
    is_last_torn: bool = False

    @property
    def exit_code(self) -> int:
        """0: sound; 3: only something to tidy up; 1: something is lost, or a run would refuse to start."""
        if any(fault.is_harm for fault in self.faults):
            return 1
        return 3 if self.faults else 0


def examine(warehouse: Warehouse) -> Examination:
    """Examines the whole warehouse and changes nothing. Raises WarehouseError if there is no warehouse or newer code
    made it."""
    ledger_path = warehouse.raw / "ledger.jsonl"
    if not any(path.exists() for path in (ledger_path, warehouse.raw / "blobs.sqlite", warehouse.database)):
        raise WarehouseError(
            f"{warehouse.root} holds no warehouse: start with `leaderboard-etl run -w {shlex.quote(str(warehouse.root))}`"
        )
    # The copy of a lake is examined by each run; it holds loads of other ledgers, too.
    published = read_published(warehouse.database) if warehouse.lake is None else Published(warehouse.database)
    try:
        ledger = read_ledger(ledger_path, published)
    except OSError as error:
        raise WarehouseError(f"{ledger_path} cannot be read ({error.strerror}): give this user the rights") from error
    refuse_newer_lines(ledger_path, ledger.lines)
    strangers = are_strangers(ledger, published) is not None
    files = [version for version, *_ in published.files] if not strangers else []
    blobs = read_blobs(warehouse.raw, ledger.sound.values(), files)
    is_last_torn = bool(blobs.bad) and ledger.is_whole and _is_last_torn(warehouse, published)
    if is_last_torn:
        del ledger.sound[max(ledger.sound)]
        blobs = read_blobs(warehouse.raw, ledger.sound.values(), files)
    all_faults = [
        *examine_ledger(ledger, published),
        *([_torn(ledger)] if is_last_torn else []),
        *([_no_history(ledger, blobs)] if blobs.n_held and not (ledger.lines or published.path.exists()) else []),
        *examine_blobs(blobs, has_published=published.is_sound),
        *([] if strangers or warehouse.lake else examine_published(warehouse, published, ledger.sound, blobs.changes)),
        *examine_folder(warehouse),
    ]
    return Examination(published, ledger, blobs, all_faults, is_last_torn)


def _is_last_torn(warehouse: Warehouse, published: Published) -> bool:
    ledger = Ledger(warehouse.raw)
    with BlobStore(warehouse.raw, read_only=True) as store:
        return ledger.last is not None and ledger.last.load_id not in published.loads and is_torn(ledger, store)


def _no_history(ledger: Lines, blobs: Blobs) -> Fault:
    return Fault(
        "ledger",
        f"{ledger.path} holds no load and no file is published, but {blobs.path.name} holds {blobs.n_held:,} blobs: the first run"
        " was killed, or both were lost",
        "which files were current when, if any run ever ended",
        "a copy of the ledger; else the next run starts a new history, and fetches none of these blobs again",
    )


def _torn(ledger: Lines) -> Fault:
    return Fault(
        "ledger",
        f"{ledger.path}, line {len(ledger.lines)}, names bytes that never reached the disk: the power went before they did",
        repair="sets it aside, as the next run would",
    )
