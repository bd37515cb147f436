"""From the Hub and the project into raw."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import polars as pl

from leaderboard_etl import __version__
from leaderboard_etl.landing.benchmarks import BoardSync, sync_boards
from leaderboard_etl.landing.cards import sync_cards
from leaderboard_etl.landing.repos import UnfinishedError, sync_repo
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.policy import REFERENCE_FILES, read_policy
from leaderboard_etl.policy.checking import check_policy
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.ledger import Changes, Drift, FileVersion, Ledger, SourceLoad, land_changes
from leaderboard_etl.sources import eval_results, model_cards, reference
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES
from leaderboard_etl.sources.rules import could_be_repository

CARDS = model_cards.SOURCE_ID
RESULTS = eval_results.SOURCE_ID
# What a pass over the models landed that is not on record yet, beside the blobs.
JOURNAL_NAME = f"{CARDS}.journal.jsonl"
_PROJECT = "leaderboard-etl"


def sync_project(night: Night) -> None:
    """Lands the policy and reference CSVs of this version of the project. Raises PolicyError if one does not fit sql/policy."""
    policy = read_policy()
    check_policy(policy)
    texts = policy.texts
    for source_id, names in (
        (POLICY_SOURCE, [name for name in texts if name not in REFERENCE_FILES]),
        (reference.SOURCE_ID, [name for name in texts if name in REFERENCE_FILES]),
    ):
        known = night.state.of(source_id)
        files = []
        for name in names:
            blob_id = git_blob_id(texts[name])
            file = FileVersion("project", _PROJECT, f"{name}.csv", __version__, blob_id, len(texts[name]), night.now)
            if file.place not in known or known[file.place].blob_id != blob_id:
                night.store.put(blob_id, texts[name])
                files.append(file)
        gone = [place for place in known if place[2].removesuffix(".csv") not in names]
        record(night, source_id, Changes(files, gone), revision=__version__)


def sync_table(night: Night, source_id: str) -> None:
    """Lands what is new in one leaderboard repository. Raises HubError or SourceError if it cannot be had."""
    source = SOURCES[source_id]
    if not night.wants(source_id):
        night.entries[source_id] = SourceLoad(source_id, "unchanged", message="not asked for (--only)")
        return
    calls = (night.hub.api_calls, night.hub.file_calls)
    night.entries[source_id] = SourceLoad(source_id, "failed")
    try:
        with shown(night, source_id) as progress:
            result = sync_repo(
                night.hub,
                night.store,
                source.repo_type,
                source.repo_id,
                wants=source.wants,
                known=night.state.of(source_id),
                last_revision=None if night.options.full else _last_revision(night.ledger, source_id),
                now=night.now,
                head_start=night.head_start,
                progress=progress,
            )
        record(night, source_id, result.changes, revision=result.revision)
    except UnfinishedError as error:
        night.entries[source_id].remaining = error.remaining
        raise
    finally:
        _count_calls(night, source_id, calls)


def sync_model_cards(night: Night) -> None:
    """Asks the Hub, within the budget, about the models that the tables and benchmark datasets name.

    One pass serves two sources: the model's own files, and the evaluation results that it publishes. Raises HubError or
    SourceError.
    """
    if not (night.wants(CARDS) or night.wants(RESULTS)):
        for source_id in (CARDS, RESULTS):
            night.entries[source_id] = SourceLoad(source_id, "unchanged", message="not asked for (--only)")
        return
    calls = (night.hub.api_calls, night.hub.file_calls)
    previous = last_entry(night.ledger, CARDS)
    cursor = dict(previous.cursor) if previous else {}
    night.entries[CARDS] = SourceLoad(CARDS, "failed", cursor=dict(cursor))
    night.entries[RESULTS] = SourceLoad(RESULTS, "failed", message="the pass over the models failed")
    try:
        boards = _sync_boards(night)
        if night.options.full:
            cursor.pop("since", None)  # whom to ask is not left to the list of what changed
        with shown(night, CARDS) as progress:
            result = sync_cards(
                night.hub,
                night.store,
                {**night.state.of(CARDS), **night.state.of(RESULTS)},
                sorted(filter(could_be_repository, {*_named_models(night), *boards.models})),
                journal=night.options.warehouse.raw / JOURNAL_NAME,
                official=read_policy().frame("official_organizations")["hub_owner"].to_list(),
                cursor=cursor,
                budget=max(night.options.card_budget - (night.hub.api_calls - calls[0]), 0),
                now=night.now,
                head_start=night.head_start,
                progress=progress,
            )
        results, cards = _split(result.changes, SOURCES[RESULTS].wants)
        record(night, CARDS, cards)
        record(night, RESULTS, Changes([*boards.changed, *results.changed], results.gone))
        entry = night.entries[CARDS]
        entry.message, entry.cursor, entry.remaining = result.message, result.cursor, result.remaining
        night.entries[RESULTS].message = boards.message
        night.entries[RESULTS].drift = [
            Drift(
                RESULTS,
                "official_benchmark",
                name,
                "the Hub marks it as an official benchmark, and policy/eval_tasks.csv has no row for it",
            )
            for name in boards.unknown
        ]
        # What arrived is kept and believed all the same.
        for source_id, has_failed in ((CARDS, result.has_failed), (RESULTS, result.has_failed or boards.has_failed)):
            if has_failed:
                night.entries[source_id].state = "failed"
    finally:
        _count_calls(night, CARDS, calls)


def _sync_boards(night: Night) -> BoardSync:
    """Lands the leaderboards of the benchmark datasets that policy loads, and finds official ones that it does not know.

    They count against the card budget; where they would take over half of it, it is all for the models.
    """
    tasks = read_policy().frame("eval_tasks")
    datasets = tasks.filter(pl.col("variant_id").is_not_null())["dataset_id"].unique(maintain_order=True).to_list()
    if 2 * (len(datasets) + 1) > night.options.card_budget:
        return BoardSync()
    known = night.state.of(RESULTS)
    return sync_boards(night.hub, night.store, known, datasets, judged=tasks["dataset_id"].to_list(), now=night.now)


def _split(changes: Changes, is_first: Callable[[str], bool]) -> tuple[Changes, Changes]:
    """Changes of files whose path is of the first kind, and the others."""
    parts = []
    for wanted in (True, False):
        changed = [file for file in changes.changed if is_first(file.path) == wanted]
        parts.append(Changes(changed, [place for place in changes.gone if is_first(place[2]) == wanted]))
    return parts[0], parts[1]


def record(night: Night, source_id: str, changes: Changes, revision: str | None = None) -> None:
    """Puts what changed in a source on this load's record."""
    if not night.wants(source_id) and source_id in SOURCES and source_id not in (CARDS, RESULTS):
        changes = Changes()
    night.changes[source_id] = changes
    night.entries[source_id] = SourceLoad(
        source_id,
        "loaded" if changes else "unchanged",
        revision=revision,
        changes_blob=land_changes(night.store, changes),
    )


def _named_models(night: Night) -> list[str]:
    """Every model that policy tracks or a leaderboard table names, by this night's reading where there is one, else as
    published."""
    policy = read_policy()
    curated = policy.frame("reference_models").filter(pl.col("openness") == "open_weights")
    names = {*policy.frame("tracked_models")["model_id"], *curated["model_id"]}
    for source_id in night.table_sources:
        if source_id in night.parsed:
            column = "source_name" if SOURCES[source_id].has_hub_names else "hub_id"
            names.update(night.parsed[source_id].models[column].drop_nulls())
    unread = [source_id for source_id in night.table_sources if source_id not in night.parsed]
    for source_id, name, hub_id in night.believed.names(unread):
        names.add(name if SOURCES[source_id].has_hub_names else hub_id or "")
    names.discard("")
    return sorted(names)


def last_entry(ledger: Ledger, source_id: str) -> SourceLoad | None:
    """What the last load in which this source did not fail says of it; null: there is none."""
    entries = [load.source(source_id) for load in ledger.loads if load.status != "failed"]
    return next((entry for entry in reversed(entries) if entry is not None and entry.state != "failed"), None)


def _last_revision(ledger: Ledger, source_id: str) -> str | None:
    """The head commit of the last load that believed this source."""
    for load in reversed(ledger.loads):
        entry = load.source(source_id)
        if load.status != "failed" and entry and entry.state in ("loaded", "unchanged") and entry.revision:
            return entry.revision
    return None


def _count_calls(night: Night, source_id: str, before: tuple[int, int]) -> None:
    entry = night.entries[source_id]
    entry.api_calls = night.hub.api_calls - before[0]
    entry.file_calls = night.hub.file_calls - before[1]


def shown(night: Night, source_id: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """Within the block: what to call with the files of a source that are done, and all; null where nobody wants to know."""
    show = night.options.progress
    return nullcontext() if show is None else show(source_id, lambda: night.hub.waits_s)
