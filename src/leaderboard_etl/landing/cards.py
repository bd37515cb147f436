"""Asks the Hub about thousands of models within a budget: whole owners where one call can, and changed models first.

The order is: owners of models never asked for; owners that did not answer in an earlier pass; models that changed since the
last visit; official organisations; and then, in turn, what no commit announces: models that their owner's list lacks, by
name, because a renamed repository still answers to its old one, and a share of the known owners and of the gone models. If
the Hub does not tell what changed, or that would cost more, every known owner has its turn.
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
from leaderboard_etl.landing.journal import Journal, Place
from leaderboard_etl.landing.news import News, ask_news, back_to_moment
from leaderboard_etl.landing.owners import ask_by_list, ask_by_name, is_gone
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

# Every known owner and every gone model has its turn once in so many nights.
_TURN_NIGHTS = 14
# The list of changes may cost this share of the budget at most.
_NEWS_SHARE = 0.1


@dataclass
class CardSync:
    """The result of a pass over the models. `cursor` is where the next one continues; `remaining` models were never asked for.

    `has_failed`: most of the questions failed. What arrived is in `changes` nevertheless.
    """

    changes: Changes
    cursor: dict[str, str]
    remaining: int
    message: str | None = None
    has_failed: bool = False


def sync_cards(
    hub: Hub,
    store: BlobStore,
    known: Mapping[Place, FileVersion],
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
    """Lands what is new about `names`, with at most `budget` API calls, not counting retries of the last ones.

    `known` are the files on record; what a killed pass landed beyond them is in the file `journal`. Owners of
    `official` are listed each time, and their new language models are wanted too; files that `head_start` holds are not
    fetched. Raises NoHubError, after which nothing more can be asked.
    """
    asking = Asking(hub, budget)
    run = CardPass(asking, store, Journal(journal), known, now, head_start)
    # What was landed of an official organisation's new models is kept up to date, though no source names them yet.
    found = [name for _, name, path in known if path == INFO_PATH and _owner(name) in official]
    owners = {**{owner: [] for owner in official}, **_by_owner([*names, *found])}
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
    """Where the next pass continues: after which owner and which gone model of the turn, with which owners that still need an
    answer, and since when changes are unknown; null: never asked. `has_asked_gone`: all models that their owners' lists lacked
    were asked for by name once."""

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
    """The work of one pass. `owners` has the wanted models of each owner, `needed` those to ask for; `unanswered` are owners that
    still need an answer."""

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
        shown = {owner: [n for n in names if not is_gone(self.run, n)] for owner, names in owners.items()}
        turn = _after((owner for owner in owners if shown[owner] and not unseen[owner]), self.cursor.owner)

        news = await self._news(len(turn))
        self.needed = {owner: set(names) for owner, names in unseen.items() if names}
        for owner in self.cursor.owed:
            self._owe(owner, owners.get(owner, []))
        for name in self._changed(news.answers or ()):
            self._owe(_owner(name), [name])
        if news.answers is not None:
            turn = _share(turn)
        elif news.asked_at is not None:
            # No later list tells what changed up to then.
            self.unanswered.update(turn)
        for owner in sorted(self.official):
            self.needed.setdefault(owner, set())
        for owner in self.needed.keys() & set(turn):
            self.needed[owner].update(shown[owner])
        await asking.work(list(self.needed), self._visit)

        turn = [owner for owner in turn if owner not in self.needed]
        self.needed |= {owner: set(shown[owner]) for owner in turn}
        is_told = news.answers is not None
        if not is_told:
            await asking.work(turn, self._visit_in_turn)
        new = self.run.unlisted if self.cursor.has_asked_gone else []
        await asking.work(list(new), self._ask)
        if is_told:
            await asking.work(turn, self._visit_in_turn)
        await self._ask_gone(without=new, is_share=is_told)
        self.cursor.since = news.asked_at or self.cursor.since
        self.cursor.owed = sorted(self.unanswered)

    async def _ask_gone(self, without: Collection[str], is_share: bool) -> None:
        """Asks for gone models by name: each once as soon as the budget allows, and after that in turn."""
        names = {name for names in self.owners.values() for name in names if is_gone(self.run, name)}
        names.difference_update(without, self.run.named)
        gone = _after(names, self.cursor.name)
        if not self.cursor.has_asked_gone:
            gone = [name for name in gone if name > self.cursor.name]
        elif is_share:
            gone = _share(gone)
        await self.run.asking.work(gone, self._ask_in_turn)
        self.cursor.has_asked_gone |= not self.run.asking.is_over

    async def _news(self, n_known: int) -> News:
        """What changed since the last pass, if that saves calls for known owners."""
        most_calls = int(_NEWS_SHARE * self.run.asking.budget)
        if most_calls < 1:
            return News()
        try:
            return await ask_news(self.run.asking, self.cursor.since, self.run.now, min(n_known, most_calls))
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

    def _owe(self, owner: str, names: Iterable[str]) -> None:
        if owner in self.owners:
            self.needed.setdefault(owner, set()).update(names)
            self.unanswered.add(owner)

    async def _visit(self, owner: str) -> None:
        self.unanswered.add(owner)
        names, needed, is_listed = self.owners[owner], self.needed[owner], owner in self.official
        if owner.startswith("/") or (len(needed) == 1 and not is_listed):
            is_whole = await ask_by_name(self.run, *needed)
        else:
            # A new model of which a file failed stands further down the list than the last visit.
            back_to = None if owner in self.cursor.owed else back_to_moment(self.cursor.since)
            is_whole = await ask_by_list(self.run, owner, names, needed, back_to, is_listed)
        if is_whole:
            self.unanswered.discard(owner)
        self._show()

    async def _visit_in_turn(self, owner: str) -> None:
        self.cursor.owner = owner
        await self._visit(owner)

    async def _ask(self, name: str) -> None:
        if not await ask_by_name(self.run, name):
            self.unanswered.add(_owner(name))
        self._show()

    async def _ask_in_turn(self, name: str) -> None:
        self.cursor.name = name
        await self._ask(name)

    def _show(self) -> None:
        asking = self.run.asking
        if self.progress is not None:
            self.progress(min(asking.calls, asking.budget), asking.budget)


def _owner(name: str) -> str:
    """The owner of a model; the oldest models have none and are asked for one by one."""
    return name.partition("/")[0] if "/" in name else f"/{name}"


def _by_owner(names: Iterable[str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        owners[_owner(name)].append(name)
    return dict(owners)


def _after(items: Iterable[str], last: str) -> list[str]:
    """The items that follow `last`, and then those up to it."""
    ordered = sorted(items)
    return [item for item in ordered if item > last] + [item for item in ordered if item <= last]


def _share(items: list[str]) -> list[str]:
    """This night's share of a turn."""
    return items[: -(-len(items) // _TURN_NIGHTS)]
