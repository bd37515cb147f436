"""From raw to frames: parses what is new, and holds it back if it fails the brake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import polars as pl
from msgspec.structs import replace as changed

from leaderboard_etl.errors import EtlError, first_line
from leaderboard_etl.pipeline.brake import COLUMNS, as_scores, brake
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import Changes, Drift, Place, SourceLoad
from leaderboard_etl.reading.batches import parse_batches
from leaderboard_etl.reading.kept import Kept
from leaderboard_etl.reading.loads import News, beside, files_to_read
from leaderboard_etl.sources.registry import SOURCES


class Before(Protocol):
    """The scores before this load, as Believed returns them."""

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None: ...


def read(night: Night, news: News, policy: Changes, before: Before | None = None) -> News:
    """Parses the new files of `news`, and holds them back if they cannot be read or fail the brake: then only the reason is
    left. If the load changes `policy`, all files of the source are read, because policy applies to all of them.

    A source that is held back stays at its last good state, and the same commit is examined again next time; `--accept
    SOURCE@REVISION` lets it in. The brake compares with the scores `before` this load; null: those that are published.
    """
    source_id = news.source_id
    # A source that asks the Hub thousands of questions may fail and still keep the files that arrived.
    if news.entry.state == "failed" and not news.changes:
        return news
    files = files_to_read(SOURCES[source_id], night.state, news.changes, has_new_policy=bool(policy))
    if not files and not news.changes:
        return news
    try:
        parsed = Kept(night.shelf, files, parse_batches(SOURCES[source_id], files, night.store, read_policy()))
    except EtlError as error:
        return _held(news, [Drift(source_id, "unreadable", "files", first_line(error), is_held=True)])
    drift = [*parsed.drift, *_brake(source_id, parsed, news.changes, before or night.believed)]
    if any(each.is_held for each in drift):
        if not _is_accepted(news.entry, night.options.accept):
            return _held(news, drift)
        drift = [Drift(d.source_id, "accepted", d.subject, f"let in by --accept: {d.message}") for d in drift]
    return News(changed(news.entry, drift=[*news.entry.drift, *drift]), news.changes, parsed)


def _brake(source_id: str, read: Kept, changes: Changes, before: Before) -> list[Drift]:
    """Compares the new scores with the published scores of the same files. A source whose files change one by one, such
    as model cards, has no brake."""
    source = SOURCES[source_id]
    if not source.is_braked:
        return []
    touched = beside(read.files, changes) if source.is_read_by_folder else changes.changed
    places = [file.place for file in touched] + changes.gone
    scores = before.scores_at(source_id, places)
    if scores is None:
        return []
    return brake(source_id, scores, compared_scores(read))


def compared_scores(read: Kept) -> pl.DataFrame:
    """The scores, and ratings as scores, that were read: COLUMNS of the brake, and the path of the file."""
    ratings = read.frame("ratings", "source_name", "board", "rating", "path")
    return pl.concat([read.frame("scores", *COLUMNS, "path"), as_scores(ratings)])


def _held(news: News, drift: Sequence[Drift]) -> News:
    held = [each.message for each in drift if each.is_held]
    entry = changed(
        news.entry,
        state="held",
        message="; ".join(held),
        changes_blob=None,
        drift=[*news.entry.drift, *drift],
    )
    return News(entry, Changes())


def _is_accepted(entry: SourceLoad, accept: Sequence[str]) -> bool:
    for accepted in accept:
        name, _, wanted = accepted.partition("@")
        if name == entry.source_id and len(wanted) >= 7 and (entry.revision or "").startswith(wanted):
            return True
    return False
