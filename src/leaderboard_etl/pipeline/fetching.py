"""From the Hub into raw: each step returns what a source gave, its line on record and the files that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import polars as pl
from msgspec.structs import replace

from leaderboard_etl.errors import EtlError, UnwritableError, first_line
from leaderboard_etl.hub.answers import GatedRepoError, NoHubError, RepoUnavailableError
from leaderboard_etl.landing.benchmarks import BoardSync, sync_boards
from leaderboard_etl.landing.cards import sync_cards
from leaderboard_etl.landing.folders import sync_folders
from leaderboard_etl.landing.repos import NoFilesError, UnfinishedError, sync_repo
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.pipeline.right_clock import WrongClockError
from leaderboard_etl.policy import read_policy
from leaderboard_etl.printable import how_many
from leaderboard_etl.raw.ledger import NOT_ASKED, Changes, Drift, Ledger, SourceLoad, land_changes
from leaderboard_etl.reading.loads import News
from leaderboard_etl.sources import eval_results, model_cards
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import could_be_repository

CARDS = model_cards.SOURCE_ID
RESULTS = eval_results.SOURCE_ID
# One pass over the models serves both.
MODEL_SOURCES = (CARDS, RESULTS)
# What a pass over the models landed that is not on record yet, beside the blobs.
JOURNAL_NAME = f"{CARDS}.journal.jsonl"


def land_table(night: Night, source_id: str) -> list[News]:
    """Lands what is new in one leaderboard repository. Raises HubError or SourceError if it is not available,
    WrongClockError if the Hub's answers show that this machine's clock is far ahead."""
    source = SOURCES[source_id]
    _begin(night, source_id)
    if not night.wants(source_id):
        return _on_record(night, [_not_asked(source_id)])
    try:
        land = _land_whole if source.folders is None else _land_folders
        return _on_record(night, [land(night, source)])
    except (RepoUnavailableError, NoFilesError) as error:
        if source.is_archive:
            gone = SourceLoad(source_id, "unchanged")
            return _on_record(night, [News(_left_in_force(source, gone, first_line(error)))])
        if night.state.of(source_id) or not may_lack(source, error):
            raise
        message = f"{error}; it was never loaded, and the night continues without it"
        return _on_record(night, [News(SourceLoad(source_id, "unchanged", message=message))])


def may_lack(source: Source, error: EtlError) -> bool:
    """Whether the source can do without its repository, because the Hub does not have it; a gated repository exists."""
    is_gone = isinstance(error, RepoUnavailableError) and not isinstance(error, GatedRepoError)
    return source.may_be_absent and is_gone


def _land_whole(night: Night, source: Source) -> News:
    source_id = source.source_id
    with shown(night, source_id) as progress:
        result = sync_repo(
            night.hub,
            night.store,
            source.repo_type,
            source.repo_id,
            wants=source.wants,
            in_ledger=night.state.of(source_id),
            is_fetched_once=lambda path: source.is_fetched_once(path) and not night.options.full,
            last_revision=None if night.options.full else _last_revision(night.ledger, source_id),
            now=night.now,
            head_start=night.head_start,
            progress=progress,
        )
    gone = result.changes.gone
    if not (source.is_archive and gone):
        return news_of(night, source_id, result.changes, revision=result.revision)
    news = news_of(night, source_id, Changes(result.changes.changed), revision=result.revision)
    return News(_left_in_force(source, news.entry, f"{how_many(len(gone), 'file')} are gone"), news.changes)


def _left_in_force(source: Source, entry: SourceLoad, why: str) -> SourceLoad:
    """`entry` with the drift that an archive, or a part of it, is gone from the Hub: what was read from it stays true."""
    message = f"{why}; it is an archive: what was read from it stays in force"
    return replace(entry, drift=[Drift(source.source_id, "archive_gone", source.repo_id, message)])


def _land_folders(night: Night, source: Source) -> News:
    """The same for a repository of which only some folders are listed. What arrived is believed, even if some did not."""
    policy, folders = read_policy(), source.folders
    assert folders is not None
    with shown(night, source.source_id) as progress:
        result = sync_folders(
            night.hub,
            night.store,
            source.repo_type,
            source.repo_id,
            root=folders.root,
            choose=lambda names: folders.choose(names, policy),
            same_as=folders.same_as,
            wants=source.wants,
            in_ledger=night.state.of(source.source_id),
            last_revision=None if night.options.full else _last_revision(night.ledger, source.source_id),
            now=night.now,
            second=folders.second,
            head_start=night.head_start,
            progress=progress,
        )
    beside = (
        f"there is {folders.second}/ beside {folders.root}/: another layout, not read; does {folders.root}/ still grow?"
    )
    gone = "is gone or empty in the repository: what was read from it stays in force"
    news = news_of(
        night,
        source.source_id,
        result.changes,
        revision=result.revision,
        message="; ".join(result.failures) or None,
        remaining=result.remaining,
        drift=[
            *folders.doubts(result.names or (), policy),
            *([Drift(source.source_id, "second_layout", f"{folders.second}/", beside)] if result.has_second else []),
            *(
                Drift(source.source_id, "collection_gone", name, f"{folders.root}/{name} {gone}", is_held=True)
                for name in result.held
            ),
        ],
    )
    return _failed(news) if result.failures else news


def land_models(night: Night, so_far: Sequence[News]) -> list[News]:
    """Asks the Hub, within the budget, about the models that the tables and benchmark datasets name; `so_far` is what the
    tables of this night gave.

    One pass serves two sources: the model's own files, and the evaluation results that it publishes. Raises HubError or
    SourceError, and WrongClockError like land_table.
    """
    _begin(night, *MODEL_SOURCES)
    if not (night.wants(CARDS) or night.wants(RESULTS)):
        return _on_record(night, [_not_asked(CARDS), _not_asked(RESULTS)])
    calls_before = night.hub.api_calls
    previous = last_entry(night.ledger, CARDS)
    cursor = dict(previous.cursor) if previous else {}
    boards = _sync_boards(night)
    if night.options.full:
        cursor.pop("since", None)  # whom to ask is not left to the list of what changed
    with shown(night, CARDS) as progress:
        result = sync_cards(
            night.hub,
            night.store,
            {**night.state.of(CARDS), **night.state.of(RESULTS)},
            sorted(filter(could_be_repository, {*_named_models(night, so_far), *boards.models})),
            journal=night.options.warehouse.raw / JOURNAL_NAME,
            official=read_policy().frame("official_organizations")["hub_owner"].to_list(),
            cursor=cursor,
            budget=max(night.options.card_budget - (night.hub.api_calls - calls_before), 0),
            now=night.now,
            head_start=night.head_start,
            progress=progress,
        )
    of_results, of_cards = _split(result.changes, SOURCES[RESULTS].wants)
    cards = news_of(night, CARDS, of_cards, message=result.message, cursor=result.cursor, remaining=result.remaining)
    unknown = [
        Drift(
            RESULTS,
            "official_benchmark",
            name,
            "the Hub marks it as an official benchmark, and policy/eval_tasks.csv has no row for it",
        )
        for name in boards.unknown
    ]
    in_all = Changes([*boards.changed, *of_results.changed], of_results.gone)
    results = news_of(night, RESULTS, in_all, message=boards.message, drift=unknown)
    # What arrived is kept and believed all the same.
    cards = _failed(cards) if result.has_failed else cards
    results = _failed(results) if result.has_failed or boards.has_failed else results
    return _on_record(night, [cards, results])


def lost(night: Night, error: EtlError, *source_ids: str) -> list[News]:
    """Nothing of some sources, and why: they stay at their last good state, and the others go on.

    Passes on NoHubError, UnwritableError and WrongClockError: without a Hub, a disk or a date there is no night.
    """
    if isinstance(error, NoHubError | UnwritableError | WrongClockError):
        raise error
    return _on_record(night, [_nothing(night, name, error, is_first=name == source_ids[0]) for name in source_ids])


def _begin(night: Night, *source_ids: str) -> None:
    """Puts on record that these sources are being asked: a run that is killed meanwhile has failed at them."""
    night.expect_right_clock()
    night.minutes.note(*(SourceLoad(source_id, "failed") for source_id in source_ids))


def _on_record(night: Night, news: list[News]) -> list[News]:
    """The same, on record. The first has the calls to the Hub, which are those that no source on record made."""
    api_calls, file_calls = night.minutes.calls(without=[each.source_id for each in news])
    calls = {"api_calls": night.hub.api_calls - api_calls, "file_calls": night.hub.file_calls - file_calls}
    counted = [News(replace(news[0].entry, **calls), news[0].changes, news[0].read), *news[1:]]
    night.minutes.note(*(each.entry for each in counted))
    return counted


def news_of(night: Night, source_id: str, changes: Changes, revision: str | None = None, **fields: Any) -> News:
    """What changed in a source, and the line on record that says so; `fields` are further columns of SourceLoad."""
    state = "loaded" if changes else "unchanged"
    entry = SourceLoad(source_id, state, revision=revision, changes_blob=land_changes(night.store, changes), **fields)
    return News(entry, changes)


def _not_asked(source_id: str) -> News:
    return News(SourceLoad(source_id, "unchanged", message=NOT_ASKED))


def _failed(news: News) -> News:
    return News(replace(news.entry, state="failed"), news.changes)


def _nothing(night: Night, source_id: str, error: EtlError, *, is_first: bool) -> News:
    """Nothing of a source, and why. What it took beside another one in the same pass is lost with that."""
    before = last_entry(night.ledger, source_id)
    return News(
        SourceLoad(
            source_id,
            "failed",
            message=first_line(error) if is_first else "the pass over the models failed",
            cursor=dict(before.cursor) if before else {},
            remaining=error.remaining if isinstance(error, UnfinishedError) else 0,
        )
    )


def _sync_boards(night: Night) -> BoardSync:
    """Lands the leaderboards of the benchmark datasets that policy loads, and finds official ones that policy lacks.

    They count against the card budget; if they would take over half of it, all of it is for the models.
    """
    tasks = read_policy().frame("eval_tasks")
    datasets = tasks.filter(pl.col("variant_id").is_not_null())["dataset_id"].unique(maintain_order=True).to_list()
    if 2 * (len(datasets) + 1) > night.options.card_budget:
        return BoardSync()
    in_ledger = night.state.of(RESULTS)
    return sync_boards(night.hub, night.store, in_ledger, datasets, judged=tasks["dataset_id"].to_list(), now=night.now)


def _split(changes: Changes, is_first: Callable[[str], bool]) -> tuple[Changes, Changes]:
    """Changes of files whose path is of the first kind, and the others."""
    parts = []
    for wanted in (True, False):
        changed = [file for file in changes.changed if is_first(file.path) == wanted]
        parts.append(Changes(changed, [place for place in changes.gone if is_first(place[2]) == wanted]))
    return parts[0], parts[1]


def tracked_models() -> set[str]:
    """The models that policy tracks: those of its own list, and the open ones of its reference scores."""
    policy = read_policy()
    curated = policy.frame("reference_models").filter(pl.col("openness") == "open_weights")
    return {*policy.frame("tracked_models")["model_id"], *curated["model_id"]}


def _named_models(night: Night, so_far: Sequence[News]) -> list[str]:
    """Every model that policy tracks or a leaderboard table names, by this night's reading where there is one, else as
    published."""
    names = tracked_models()
    read = {each.source_id: each.read for each in so_far if each.read is not None}
    for source_id in night.table_sources:
        if source_id in read:
            column = "source_name" if SOURCES[source_id].has_hub_names else "hub_id"
            names.update(read[source_id].frame("models", column)[column].drop_nulls())
    unread = [source_id for source_id in night.table_sources if source_id not in read]
    for source_id, name, hub_id in night.believed.names(unread):
        names.add(name if SOURCES[source_id].has_hub_names else hub_id or "")
    names.discard("")
    return sorted(names)


def last_entry(ledger: Ledger, source_id: str) -> SourceLoad | None:
    """What the last load in which this source did not fail says about it; null if there is none."""
    entries = [load.source(source_id) for load in ledger.loads if load.status != "failed"]
    return next((entry for entry in reversed(entries) if entry is not None and entry.state != "failed"), None)


def _last_revision(ledger: Ledger, source_id: str) -> str | None:
    """The head commit of the last load that believed this source."""
    for load in reversed(ledger.loads):
        entry = load.source(source_id)
        if load.status != "failed" and entry and entry.state in ("loaded", "unchanged") and entry.revision:
            return entry.revision
    return None


def shown(night: Night, source_id: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """Within the block: what to call with the files of a source that are done, and all; null where nobody wants to know."""
    show = night.options.progress
    return nullcontext() if show is None else show(source_id, lambda: night.hub.waits_s)
