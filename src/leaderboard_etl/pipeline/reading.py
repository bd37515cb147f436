"""From raw into frames: what is new is parsed, and held back if it cannot be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import polars as pl
from msgspec.structs import replace as changed

from leaderboard_etl.errors import EtlError, first_line
from leaderboard_etl.pipeline.brake import COLUMNS, brake
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import Changes, Drift, SourceLoad
from leaderboard_etl.reading.batches import parse_batches
from leaderboard_etl.reading.kept import Kept
from leaderboard_etl.reading.loads import News, Place, files_to_read
from leaderboard_etl.sources.registry import SOURCES


class Before(Protocol):
    """What is believed before the news, as Believed tells it."""

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None: ...


def read(night: Night, news: News, policy: Changes) -> News:
    """`news` with what its new files say, held back if they cannot be read. Where the load changes `policy`, all files of the
    source are read: it judges all."""
    source_id = news.source_id
    # A source of thousands of questions may have failed with most of them, and keep what arrived.
    if news.entry.state == "failed" and not news.changes:
        return news
    files = files_to_read(night.state.of(source_id), news.changes, has_new_policy=bool(policy))
    if not files and not news.changes:
        return news
    try:
        batches = parse_batches(SOURCES[source_id], files, night.store, read_policy())
        return replace(news, read=Kept(night.shelf, files, batches))
    except EtlError as error:
        return _held(news, [Drift(source_id, "unreadable", "files", first_line(error), is_held=True)])


def hold_back(news: News, before: Before, accept: Sequence[str] = ()) -> News:
    """`news`, or where it cannot be believed only why: the source stays at its last good state, and the same head is looked at
    again next time. `accept` lets news in all the same: SOURCE@REVISION."""
    if news.read is None:
        return news
    drift = [*news.read.drift, *_brake(news.source_id, news.read, news.changes, before)]
    if any(finding.is_held for finding in drift):
        if not _is_accepted(news.entry, accept):
            return _held(news, drift)
        drift = [Drift(d.source_id, "accepted", d.subject, f"let in by --accept: {d.message}") for d in drift]
    return replace(news, entry=changed(news.entry, drift=[*news.entry.drift, *drift]))


def _brake(source_id: str, read: Kept, changes: Changes, before: Before) -> list[Drift]:
    """Compares what was read with what is believed of the same files; what changes one by one, as cards do, has no brake."""
    if not SOURCES[source_id].is_braked:
        return []
    places = [file.place for file in changes.changed] + [(place[0], place[1], place[2]) for place in changes.gone]
    scores = before.scores_at(source_id, places)
    return brake(source_id, scores, read.frame("scores", *COLUMNS)) if scores is not None else []


def _held(news: News, drift: Sequence[Drift]) -> News:
    held = [finding.message for finding in drift if finding.is_held]
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
