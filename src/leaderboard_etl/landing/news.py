"""Finds out what changed on the Hub since the last visit from one list of all models, last changed first. This replaces
one call per owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leaderboard_etl.hub.answers import ModelAnswer, ModelPage
from leaderboard_etl.landing.asking import Asking

_FIELDS = ("sha", "lastModified")
# The list is read back to this long before the last visit, because a change may appear in it late.
_OVERLAP = timedelta(hours=1)


@dataclass(frozen=True)
class News:
    """What changed since the last visit.

    `asked_at` is where the next visit starts: the newest change on the Hub when the list was requested; null if the Hub
    does not state it. `answers` are the changed models, one each; null if they are unknown or if asking each owner
    costs less.
    """

    asked_at: str | None = None
    answers: Sequence[ModelAnswer] | None = None


async def ask_news(asking: Asking, since: str | None, now: str, most_calls: int) -> News:
    """All changes since the moment `since`, if the list shows them in at most `most_calls` calls. Raises HubError and
    PassOverError."""
    page = await _page(asking, None)
    changes = [answer.modified_at for answer in page.answers]
    moments = [moment for text in changes if (moment := moment_of(text)) is not None]
    if not moments or len(moments) < len(changes):
        return News()
    # A commit may be dated in the future; without this limit it would hide all later changes.
    newest = min(max(moments), moment_of(now) or max(moments))
    asked_at, oldest = newest.isoformat(), min(moments)
    back_to = back_to_moment(since)
    if back_to is None or (page.next_url and (newest - back_to) > most_calls * max(newest - oldest, timedelta())):
        return News(asked_at)
    answers, calls = [*page.answers], 1
    while page.next_url and not reaches(page, back_to):
        if calls >= most_calls:
            return News(asked_at)
        page = await _page(asking, page.next_url)
        answers += page.answers
        calls += 1
    return News(asked_at, answers)


def back_to_moment(since: str | None) -> datetime | None:
    """How far back to read a list that was last read at `since`; null means to its end."""
    moment = moment_of(since)
    return None if moment is None else moment - _OVERLAP


def reaches(page: ModelPage, back_to: datetime | None) -> bool:
    """Whether a page of a list, last changed first, reaches back beyond the moment `back_to`."""
    last = moment_of(page.answers[-1].modified_at) if page.answers else None
    return back_to is not None and last is not None and last < back_to


def moment_of(text: object) -> datetime | None:
    """Parses a moment as the Hub writes it; null if the text is not a moment."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _page(asking: Asking, next_url: str | None) -> ModelPage:
    return await asking.api(lambda: asking.hub.models_page(fields=_FIELDS, next_url=next_url))
