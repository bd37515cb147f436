"""Asks the Hub about thousands of models within a budget. One call lists all models of an owner where possible.

The order is: owners of models that were never asked for; owners that did not answer in an earlier pass; models that
changed since the last visit; official organisations. Then come models for which the Hub announces no change: models
missing from their owner's list, by name, because a renamed repository still answers to its old name; and a share of the
known owners and of the gone models. All known owners are asked if the Hub's list of changes is not available or would
cost more.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import ModelAnswer
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.asking import Asking, PassOverError
from leaderboard_etl.landing.card_pass import INFO_PATH, CardPass
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.landing.journal import Journal
from leaderboard_etl.landing.news import News, ask_news, back_to_moment
from leaderboard_etl.landing.owners import ask_by_list, ask_by_name, is_gone
from leaderboard_etl.raw.ledger import Changes, FileVersion, Place
from leaderboard_etl.raw.store import BlobStore

# Every known owner and every gone model is asked about once in this many nights.
_TURN_NIGHTS = 14
# The list of changes may cost at most this share of the budget.
_NEWS_SHARE = 0.1


@dataclass
class CardSync:
    """The result of a pass over the models.

    `cursor` is where the next pass continues. `remaining` is the number of models never asked for. `has_failed` is true
    if most questions failed; `changes` still holds everything that arrived.
    """

    changes: Changes
    cursor: dict[str, str]
    remaining: int
    message: str | None = None
    has_failed: bool = False


def sync_cards(
    hub: Hub,
    store: BlobStore,
    in_ledger: Mapping[Place, FileVersion],
    names: Sequence[str],
    *,
    journal: Path,
    official: Collection[str] = (),
    cursor: Mapping[str, str],
    budget: int,
    now: str,
    head_start: HeadStart | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CardSync:
    """Lands what is new about `names`, with at most `budget` API calls; retries of the last calls do not count.

    `in_ledger` are the files in the ledger; `journal` is the file that lists what a killed pass landed beyond them. Owners
    in `official` are listed every time, and their new language models are landed too. Files that `head_start` holds are
    not fetched. Raises NoHubError, after which nothing more can be asked.
    """
    asking = Asking(hub, budget)
    run = CardPass(asking, store, Journal(journal), in_ledger, now, head_start)
    # New models of official organisations are kept up to date although no source names them yet.
    official_models = [name for _, name, path in in_ledger if path == INFO_PATH and _owner(name) in official]
    owners = {**{owner: [] for owner in official}, **_by_owner([*names, *official_models])}
    work = _Round(run, owners, frozenset(official), _Cursor.of(cursor), progress)
    asyncio.run(work.go())
    store.flush()
    if asking.no_hub is not None:
        raise asking.no_hub
    refused = f"{len(run.refused)} files not read, e.g. {run.refused[0]}" if run.refused else None
    return CardSync(
        run.changes(),
        work.cursor.to_dict(),
        sum(not run.is_seen(name) for name in set(names)),
        "; ".join(filter(None, (asking.stopped, asking.failed_message(), refused))) or None,
        2 * len(asking.failures) > asking.asked,
    )


@dataclass
class _Cursor:
    """Where the next pass continues.

    `owner` and `name` are the last owner and the last gone model asked for in turn. `has_asked_gone` is true once every
    model missing from its owner's list was asked for by name. `owed` are owners that did not answer fully. `since` is
    the moment up to which changes are known; null if never.
    """

    owner: str = ""
    name: str = ""
    has_asked_gone: bool = False
    owed: list[str] = field(default_factory=list)
    since: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> _Cursor:
        owed = json.loads(stored.get("owed", "[]"))
        return cls(stored.get("owner", ""), stored.get("name", ""), "gone" in stored, owed, stored.get("since"))

    def to_dict(self) -> dict[str, str]:
        stored = {"owner": self.owner, "name": self.name}
        stored |= {"gone": "all asked for by name"} if self.has_asked_gone else {}
        stored |= {"owed": json.dumps(self.owed)} if self.owed else {}
        return stored | ({"since": self.since} if self.since else {})


@dataclass
class _Round:
    """The work of one pass. `owners` holds the wanted models of each owner, `needed` the models to ask for, and
    `unanswered` the owners that still need an answer."""

    run: CardPass
    owners: dict[str, list[str]]
    official: frozenset[str]
    cursor: _Cursor
    progress: Callable[[int, int], None] | None
    needed: dict[str, set[str]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)

    async def go(self) -> None:
        asking, owners = self.run.asking, self.owners
        unseen = {owner: [n for n in names if not self.run.is_seen(n)] for owner, names in owners.items()}
        available = {owner: [n for n in names if not is_gone(self.run, n)] for owner, names in owners.items()}
        turn = _after((owner for owner in owners if available[owner] and not unseen[owner]), self.cursor.owner)

        news = await self._news(len(turn))
        self.needed = {owner: set(names) for owner, names in unseen.items() if names}
        for owner in self.cursor.owed:
            self._need(owner, owners.get(owner, []))
        for name in self._changed(news.answers or ()):
            self._need(_owner(name), [name])
        if news.answers is not None:
            turn = _share(turn)
        elif news.asked_at is not None:
            # Later lists start at this moment, so no list will show the earlier changes.
            self.unanswered.update(turn)
        for owner in sorted(self.official):
            self.needed.setdefault(owner, set())
        for owner in self.needed.keys() & set(turn):
            self.needed[owner].update(available[owner])
        await asking.work(list(self.needed), self._visit)

        turn = [owner for owner in turn if owner not in self.needed]
        self.needed |= {owner: set(available[owner]) for owner in turn}
        has_change_list = news.answers is not None
        if not has_change_list:
            await asking.work(turn, self._visit_in_turn)
        new = self.run.unlisted if self.cursor.has_asked_gone else []
        await asking.work(list(new), self._ask)
        if has_change_list:
            await asking.work(turn, self._visit_in_turn)
        await self._ask_gone(without=new, is_share=has_change_list)
        self.cursor.since = news.asked_at or self.cursor.since
        self.cursor.owed = sorted(self.unanswered)

    async def _ask_gone(self, without: Collection[str], is_share: bool) -> None:
        """Asks for gone models by name: each of them once as soon as the budget allows, later in turn."""
        names = {name for names in self.owners.values() for name in names if is_gone(self.run, name)}
        names.difference_update(without, self.run.not_found)
        gone = _after(names, self.cursor.name)
        if not self.cursor.has_asked_gone:
            gone = [name for name in gone if name > self.cursor.name]
        elif is_share:
            gone = _share(gone)
        await self.run.asking.work(gone, self._ask_in_turn)
        self.cursor.has_asked_gone |= not self.run.asking.is_over

    async def _news(self, n_owners: int) -> News:
        """What changed since the last pass, if that saves calls for known owners; empty otherwise."""
        most_calls = int(_NEWS_SHARE * self.run.asking.budget)
        if most_calls < 1:
            return News()
        try:
            return await ask_news(self.run.asking, self.cursor.since, self.run.now, min(n_owners, most_calls))
        except (HubError, PassOverError):
            return News()

    def _changed(self, answers: Iterable[ModelAnswer]) -> Iterator[str]:
        """The wanted models whose commit differs from the landed one, or that the Hub shows again."""
        spellings = defaultdict(list)
        for names in self.owners.values():
            for name in names:
                spellings[name.lower()].append(name)
        for answer in answers:
            for name in spellings.get(answer.repo_id.lower(), ()):
                landed = self.run.current("api", name, INFO_PATH)
                if landed is None or landed.revision != answer.revision or is_gone(self.run, name):
                    yield name

    def _need(self, owner: str, names: Iterable[str]) -> None:
        if owner in self.owners:
            self.needed.setdefault(owner, set()).update(names)
            self.unanswered.add(owner)

    async def _visit(self, owner: str) -> None:
        self.unanswered.add(owner)
        names, needed, is_listed = self.owners[owner], self.needed[owner], owner in self.official
        if owner.startswith("/") or (len(needed) == 1 and not is_listed):
            is_whole = await ask_by_name(self.run, *needed)
        else:
            # If the last visit failed, the failed model may be anywhere in the list, so read it to the end.
            back_to = None if owner in self.cursor.owed else back_to_moment(self.cursor.since)
            is_whole = await ask_by_list(self.run, owner, names, needed, back_to, is_listed)
        if is_whole:
            self.unanswered.discard(owner)
        self._report_progress()

    async def _visit_in_turn(self, owner: str) -> None:
        self.cursor.owner = owner
        await self._visit(owner)

    async def _ask(self, name: str) -> None:
        if not await ask_by_name(self.run, name):
            self.unanswered.add(_owner(name))
        self._report_progress()

    async def _ask_in_turn(self, name: str) -> None:
        self.cursor.name = name
        await self._ask(name)

    def _report_progress(self) -> None:
        asking = self.run.asking
        if self.progress is not None:
            self.progress(min(asking.calls, asking.budget), asking.budget)


def _owner(name: str) -> str:
    """The owner of a model. The oldest models have no owner and are asked for one by one."""
    return name.partition("/")[0] if "/" in name else f"/{name}"


def _by_owner(names: Iterable[str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        owners[_owner(name)].append(name)
    return dict(owners)


def _after(items: Iterable[str], last: str) -> list[str]:
    """The sorted items after `last`, followed by the others."""
    ordered = sorted(items)
    return [item for item in ordered if item > last] + [item for item in ordered if item <= last]


def _share(items: list[str]) -> list[str]:
    """The part of the items that is due this night."""
    return items[: -(-len(items) // _TURN_NIGHTS)]
