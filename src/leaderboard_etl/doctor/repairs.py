"""Repairs what can be repaired safely. Nothing is deleted: a replaced file is kept beside the new one under another
name."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leaderboard_etl import engine
from leaderboard_etl.doctor.blobs import kind_of, read_blobs
from leaderboard_etl.doctor.examination import Examination, examine
from leaderboard_etl.doctor.folder import leftovers, too_open
from leaderboard_etl.doctor.lines import are_strangers
from leaderboard_etl.doctor.remade import remade_loads
from leaderboard_etl.errors import EtlError, HubError, WarehouseError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import NoHubError, RepoFile
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.card_files import unavailable_body
from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH
from leaderboard_etl.policy import read_policy
from leaderboard_etl.printable import how_many
from leaderboard_etl.raw.blob_ids import git_blob_id, sha256_id, verify
from leaderboard_etl.raw.chain import seal
from leaderboard_etl.raw.ledger import FileVersion, Ledger, append_durably, load_body
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse

# The Hub allows 500 anonymous questions in five minutes. A repair that is started again continues with what is still lost.
_MOST_QUESTIONS = 400

Say = Callable[[str], None]
OpenHub = Callable[[str], AbstractContextManager[Hub]]


def repair(warehouse: Warehouse, examination: Examination, say: Say, *, hub: OpenHub) -> None:
    """Repairs what it can of the faults in `found` and reports each step with `say`; what is left shows in a new
    examination.

    `hub` opens a client for the endpoint that the ledger records. Raises WarehouseError if a run has the warehouse's
    lock.
    """
    if are_strangers(examination.ledger, examination.published) or examination.blobs.is_stranger:
        say("nothing was touched: files of two warehouses are here, and it is not known which ones belong here")
        return
    with run_lock(warehouse.lock):
        _tidy(warehouse, say)
        if examination.ledger.torn or not examination.ledger.is_whole:
            _mend_ledger(examination, say)
        examination = examine(warehouse)
        if examination.is_last_torn:
            torn = Ledger(warehouse.raw).set_aside_last()
            say(f"set the line of load {torn.load_id} aside: what it names never reached the disk")
        if examination.blobs.trouble is not None or examination.blobs.bad:
            _mend_store(warehouse, examination, say, hub)
            examination = examine(warehouse)
    if any(fault.part == "published" for fault in examination.faults):
        _rebuild(warehouse, examination, say)
    for path, mode in too_open(warehouse):
        path.chmod(mode)
        say(f"set the mode of {path} to {mode:04o}")


def _tidy(warehouse: Warehouse, say: Say) -> None:
    if (log := engine.log_of(warehouse.database)).exists():
        say(f"put {log.name} aside as {_put_aside(log).name}")
    for path in leftovers(warehouse):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        say(f"removed {path}")


def _put_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    path.replace(aside)
    return aside


def _mend_ledger(examination: Examination, say: Say) -> None:
    """Writes the ledger again if lines are lost, changed or moved; if an incomplete last line is the only fault, sets
    it aside."""
    ledger = examination.ledger
    aside = ledger.path.with_name("ledger.aside.jsonl")
    if ledger.is_whole:
        append_durably(aside, ledger.torn + b"\n")
        os.truncate(ledger.path, ledger.path.stat().st_size - len(ledger.torn))
        say(f"set half a line of {len(ledger.torn)} bytes aside, in {aside}")
        return
    remade, _ = remade_loads(examination.published) if examination.published.is_sound else ({}, {})
    if any(load_id not in remade for load_id in ledger.lost):
        return
    bodies = {line.load_id: line.body for line in ledger.lines if line.load_id in ledger.sound}
    written = b""
    last = b""
    n_kept = next((i for i, line in enumerate(ledger.lines) if line.fault is not None), len(ledger.lines))
    for load_id in range(1, max([*ledger.sound, *ledger.lost]) + 1):
        if load_id <= n_kept and load_id in ledger.sound:
            last = ledger.lines[load_id - 1].content
        else:
            body = bodies[load_id] if load_id in ledger.sound else load_body(remade[load_id])
            last = seal(body, last)
        written += last
    ledger.path.parent.mkdir(parents=True, exist_ok=True)  # the folder may be what is lost
    new = ledger.path.with_name("ledger.new.jsonl")
    new.unlink(missing_ok=True)
    append_durably(new, written)
    if ledger.path.exists():
        say(f"kept the damaged ledger as {_put_aside(ledger.path)}")
    new.replace(ledger.path)
    if ledger.lost:
        say(
            f"made {how_many(len(ledger.lost), 'line')} of the ledger again from {examination.published.path},"
            " and wrote the chain of lines again"
        )
        say("lost: where budgets stopped in those loads; the next night starts its list of models from the beginning")
    else:
        say("wrote the chain of lines again: every line was there")


def _mend_store(warehouse: Warehouse, examination: Examination, say: Say, hub: OpenHub) -> None:
    """Fills the store with every named blob that is available: from the old store, the published file, the project or
    the Hub."""
    path = examination.blobs.path
    if examination.blobs.trouble is not None and path.exists():
        _salvage(warehouse, examination, say)
    files = [version for version, *_ in examination.published.files]
    blobs = read_blobs(warehouse.raw, examination.ledger.sound.values(), files)
    if blobs.trouble is not None:  # there is no store: begin with an empty one
        BlobStore(warehouse.raw).close()
        blobs = read_blobs(warehouse.raw, examination.ledger.sound.values(), files)
    with BlobStore(warehouse.raw) as store:
        damaged = [blob_id for blob_id, state in blobs.bad.items() if state == "damaged"]
        store.forget(damaged)
        known = _known_contents(examination) | _unavailable(blobs.files)
        by_commit: dict[tuple[str, str, str], list[FileVersion]] = defaultdict(list)
        answers: list[FileVersion] = []
        n_made = 0
        for blob_id in blobs.bad:
            if blob_id in known:
                store.put(blob_id, known[blob_id])
                n_made += 1
            elif kind_of(blob_id, blobs) == "api":
                answers.append(blobs.files[blob_id])
            elif kind_of(blob_id, blobs) == "hub":
                file = blobs.files[blob_id]
                by_commit[file.repo_type, file.repo_id, file.revision].append(file)
        store.flush()
        if n_made:
            say(f"made {n_made} blobs again from the published file and this version of the project")
        loads = list(examination.ledger.sound.values())
        if (by_commit or answers) and loads:
            with hub(loads[-1].endpoint) as client:
                _fetch(store, client, by_commit, say)
                _ask(store, client, answers, say)


def _salvage(warehouse: Warehouse, examination: Examination, say: Say) -> None:
    """Copies the readable blobs of a damaged store into a new one."""
    new = warehouse.raw / "salvage"
    shutil.rmtree(new, ignore_errors=True)
    wanted = {*examination.blobs.change_ids, *examination.blobs.files}
    n_kept = 0
    try:
        with BlobStore(warehouse.raw, read_only=True) as old, BlobStore(new) as store:
            waiting, seen = list(wanted), set[str]()
            while waiting:
                blob_id = waiting.pop()
                if blob_id in seen:
                    continue
                seen.add(blob_id)
                try:
                    content = old.get(blob_id)
                except WarehouseError:
                    continue
                store.put(blob_id, content)
                n_kept += 1
                if blob_id in examination.blobs.change_ids:
                    waiting += [file["blob_id"] for file in msgspec.json.decode(content)["changed"]]
            store.flush()
    except WarehouseError:
        BlobStore(new).close()
    aside = _put_aside(examination.blobs.path)
    (new / "blobs.sqlite").replace(examination.blobs.path)
    shutil.rmtree(new, ignore_errors=True)
    say(f"kept {n_kept} blobs that could be read in a new store; the damaged one is {aside}")


def _known_contents(examination: Examination) -> dict[str, bytes]:
    """Blobs that the published file or this version of the project contains, by id."""
    texts = list(read_policy().texts.values())
    contents: dict[str, bytes] = {}
    if examination.published.is_sound:
        _, contents = remade_loads(examination.published)
        with engine.open_file(examination.published.path) as con:
            rows = con.execute("select content from history.policy_files").fetchall()
        texts += [content.encode() for (content,) in rows]
    return contents | {git_blob_id(text): text for text in texts}


def _fetch(store: BlobStore, hub: Hub, by_commit: dict[tuple[str, str, str], list[FileVersion]], say: Say) -> None:
    """Fetches files again at their recorded commits and verifies their bytes."""
    if not by_commit:
        return
    n_files = sum(map(len, by_commit.values()))
    n_fetched = 0
    why: str | None = None
    for (repo_type, repo_id, revision), files in sorted(by_commit.items()):

        def land(file: RepoFile, content: bytes) -> None:
            nonlocal n_fetched
            if verify(file.blob_id, content):
                store.put(file.blob_id, content)
                n_fetched += 1

        wanted = [RepoFile(file.path, file.blob_id, file.size_bytes) for file in files]
        try:
            refused = hub.fetch(repo_type, repo_id, revision, wanted, land)
            why = refused[0][1] if refused else why
        except HubError as error:
            why = str(error)
    store.flush()
    say(
        f"fetched {n_fetched} of {n_files} lost files again from {hub.endpoint}"
        + (f"; the first refusal: {why}" if why else "")
    )


def _unavailable(files: Mapping[str, FileVersion]) -> dict[str, bytes]:
    """The landed records of models that the Hub does not show; they hold only the model's name, so they can be made
    again."""
    bodies = [unavailable_body(file.repo_id) for file in files.values() if file.path == ABSENT_PATH]
    return {sha256_id(body): body for body in bodies}


def _ask(store: BlobStore, hub: Hub, files: Sequence[FileVersion], say: Say) -> None:
    """Asks the Hub about models again; the answer about an unchanged model has the same hash."""
    if not files:
        return
    asked = [file for file in files if file.path == INFO_PATH][:_MOST_QUESTIONS]
    n_matching = 0
    for file in asked:
        try:
            body = loop.run(hub.model_info(file.repo_id)).body
        except NoHubError:
            break
        except HubError:
            continue
        if verify(file.blob_id, body):
            store.put(file.blob_id, body)
            n_matching += 1
    store.flush()
    say(
        f"asked {hub.endpoint} again about {how_many(len(asked), 'model')}: {n_matching} of {len(files)} lost answers are"
        " as they were"
    )


def _rebuild(warehouse: Warehouse, examination: Examination, say: Say) -> None:
    from leaderboard_etl.pipeline import rebuild

    if examination.blobs.trouble or examination.blobs.bad or not examination.ledger.is_whole:
        say("the published file was not made again: raw does not hold everything it needs")
        return
    try:
        rebuild(warehouse)
    except EtlError as error:
        say(f"the published file could not be made again from raw: {error}")
        return
    say(f"made {warehouse.database} again from raw")
