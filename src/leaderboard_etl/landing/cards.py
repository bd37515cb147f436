"""Asking the Hub about thousands of models within a budget: whole owners where one call can, changed ones first seen.

The order is: owners of models never asked for; then all owners in turn, going on where the last run stopped, which
finds what changed; then, with what is left, models that their owner's list lacks, one by one, for a renamed repository
still answers to its old name. Files are fetched only where a commit moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from leaderboard_etl.errors import HubError, SourceError
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError, RepoUnavailableError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.card_files import (
    ABSENT_PATH,
    INFO_PATH,
    CardPass,
    Place,
    take_answer,
    take_unavailable,
)
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

_MOST_FAILING = 0.05
_FEW_CALLS = 20

T = TypeVar("T")


@dataclass
class CardSync:
    """What a pass over the models found. `cursor` is where the next one goes on; `remaining` models were never asked for."""

    changes: Changes
    cursor: dict[str, str]
    remaining: int
    message: str | None = None


def sync_cards(
    hub: Hub,
    store: BlobStore,
    known: Mapping[Place, FileVersion],
    names: Sequence[str],
    *,
    cursor: Mapping[str, str],
    budget: int,
    now: str,
    progress: Callable[[int, int], None] | None = None,
) -> CardSync:
    """Lands what is new about `names`, spending at most `budget` API calls (a long list's further pages aside).

    `known` are the files landed before. Raises NoHubError, and SourceError if over 5 percent of the calls fail
    otherwise than by a model being gone, private or gated.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        owners[name.split("/")[0] if "/" in name else ""].append(name)
    run = CardPass(hub, store, known, now)
    seen = {place[1] for place in known if place[2] in (INFO_PATH, ABSENT_PATH)}
    fresh = [owner for owner, models in owners.items() if any(model not in seen for model in models)]
    old = _after([owner for owner in owners if owner not in set(fresh)], cursor.get("owner", ""))
    turn = {"owner": cursor.get("owner", ""), "name": cursor.get("name", "")}

    plan = [("fresh", owner) for owner in fresh] + [("owner", owner) for owner in old]
    for kind, owner in _within_budget(run, plan, budget, lambda item: _ask_owner(run, item[1], owners[item[1]])):
        if kind == "owner":
            turn["owner"] = owner
        if progress is not None:
            progress(min(run.calls, budget), budget)
    lost = _after(_absent(run, names), turn["name"])
    for name in _within_budget(run, lost, budget, lambda item: _ask_lost(run, item)):
        turn["name"] = name
    store.flush()
    if run.calls >= _FEW_CALLS and len(run.failures) > _MOST_FAILING * run.calls:
        raise SourceError(f"{len(run.failures)} of {run.calls} calls for model cards failed, e.g. {run.failures[0]}")
    remaining = len(set(names) - seen - run.asked)
    message = run.stopped or (f"{len(run.failures)} calls failed, e.g. {run.failures[0]}" if run.failures else None)
    if run.refused:
        message = "; ".join(filter(None, (message, f"{len(run.refused)} files not read, e.g. {run.refused[0]}")))
    return CardSync(_settled(run), turn, remaining, message)


def _within_budget(run: CardPass, items: Iterable[T], budget: int, ask: Callable[[T], int]) -> Iterator[T]:
    """Asks for items in order, several at once, until the budget is spent or the Hub will not go on."""
    waiting = iter(items)
    with ThreadPoolExecutor(run.hub.workers, thread_name_prefix="cards") as pool:
        while run.stopped is None and run.calls < budget:
            batch = list(islice(waiting, min(4 * run.hub.workers, budget - run.calls)))
            if not batch:
                return
            for item, result in [(item, pool.submit(ask, item)) for item in batch]:
                try:
                    run.calls += result.result()
                except NoHubError:
                    raise
                except HubLimitedError as error:
                    run.stopped = str(error)
                except HubError as error:
                    run.calls += 1
                    run.failures.append(str(error))
                else:
                    yield item


def _ask_owner(run: CardPass, owner: str, models: list[str]) -> int:
    """Asks for an owner's models in the cheapest way; returns the calls spent."""
    if owner == "" or len(models) == 1:
        for name in models:
            _ask_one(run, name)
        return len(models)
    answers = {answer.repo_id.lower(): answer for answer in run.hub.list_author_models(owner)}
    for name in models:
        if name.lower() in answers:
            take_answer(run, name, answers[name.lower()])
        else:
            take_unavailable(run, name)
    return max(1, -(-len(answers) // 1000))


def _ask_one(run: CardPass, name: str) -> None:
    try:
        answer = run.hub.model_info(name)
    except RepoUnavailableError:
        take_unavailable(run, name)
    else:
        take_answer(run, name, answer)


def _ask_lost(run: CardPass, name: str) -> int:
    _ask_one(run, name)
    return 1


def _settled(run: CardPass) -> Changes:
    """What the pass changed, once a model that was first missed and then found counts as found."""
    found = {file.repo_id for file in run.changed if file.path == INFO_PATH}
    latest = {file.place: file for file in run.changed if not (file.path == ABSENT_PATH and file.repo_id in found)}
    return Changes(sorted(latest.values()), sorted(set(run.gone)))


def _absent(run: CardPass, names: Iterable[str]) -> list[str]:
    """Models that are not shown now, of which a renamed repository may still answer to the old name."""
    found = {place[1] for place in run.gone if place[2] == ABSENT_PATH}
    absent = {place[1] for place in run.known if place[2] == ABSENT_PATH} - found
    absent |= {file.repo_id for file in run.changed if file.path == ABSENT_PATH}
    return [name for name in names if name in absent and "/" in name]


def _after(items: list[str], last: str) -> list[str]:
    """The items from the first one behind `last`, and then those up to it."""
    items = sorted(items)
    return [item for item in items if item > last] + [item for item in items if item <= last]
