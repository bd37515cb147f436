"""Asking the Hub about thousands of models within a budget: whole owners where one call can, changed ones first seen.

The order is: owners of models never asked for; then all owners in turn, going on where the last run stopped, which
finds what changed; then, with what is left, models that their owner's list lacks, one by one, for a renamed repository
still answers to its old name. Files are fetched only where a commit moved.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from leaderboard_etl.errors import HubError, SourceError
from leaderboard_etl.hub.blobs import sha256_id
from leaderboard_etl.hub.client import (
    Hub,
    HubLimitedError,
    HubUnreachableError,
    ModelAnswer,
    RepoUnavailableError,
    canonical,
)
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

INFO_PATH = "@api/model_info.json"
# Our record, not the Hub's bytes, that it did not show a model; beside its last answer, which stays believed.
ABSENT_PATH = "@api/absent.json"
# Evaluation results that only the Hub's answer has: those of open pull requests, and of gated repositories.
RESULTS_PATH = "@api/eval_results.json"
_CARD_FILES = ("README.md", "config.json")
_RESULTS = re.compile(r"\.eval_results/[^/]+\.ya?ml")
_MOST_RESULTS = 50
_MOST_CARD_BYTES = 5 << 20
_MOST_FAILING = 0.05
_FEW_CALLS = 20

Place = tuple[str, str, str]
T = TypeVar("T")


@dataclass
class CardSync:
    """What a pass over the models found. `cursor` is where the next one goes on; `remaining` models were never asked for."""

    changes: Changes
    cursor: dict[str, str]
    remaining: int
    message: str | None = None


@dataclass
class _Pass:
    """One pass in progress."""

    hub: Hub
    store: BlobStore
    known: Mapping[Place, FileVersion]
    now: str
    changed: list[FileVersion] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    calls: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: str | None = None


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

    `known` are the files landed before. Raises HubUnreachableError, and SourceError if over 5 percent of the calls fail
    otherwise than by a model being gone, private or gated.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        owners[name.split("/")[0] if "/" in name else ""].append(name)
    run = _Pass(hub, store, known, now)
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
    return CardSync(_settled(run), turn, remaining, message)


def _within_budget(run: _Pass, items: Iterable[T], budget: int, ask: Callable[[T], int]) -> Iterator[T]:
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
                except HubUnreachableError:
                    raise
                except HubLimitedError as error:
                    run.stopped = str(error)
                except HubError as error:
                    run.calls += 1
                    run.failures.append(str(error))
                else:
                    yield item


def _ask_owner(run: _Pass, owner: str, models: list[str]) -> int:
    """Asks for an owner's models in the cheapest way; returns the calls spent."""
    if owner == "" or len(models) == 1:
        for name in models:
            _ask_one(run, name)
        return len(models)
    answers = {answer.repo_id.lower(): answer for answer in run.hub.list_author_models(owner)}
    for name in models:
        if name.lower() in answers:
            _take(run, name, answers[name.lower()])
        else:
            _take_unavailable(run, name)
    return max(1, -(-len(answers) // 1000))


def _ask_one(run: _Pass, name: str) -> None:
    try:
        answer = run.hub.model_info(name)
    except RepoUnavailableError:
        _take_unavailable(run, name)
    else:
        _take(run, name, answer)


def _ask_lost(run: _Pass, name: str) -> int:
    _ask_one(run, name)
    return 1


def _take(run: _Pass, name: str, answer: ModelAnswer) -> None:
    """Lands an answer if it says something new, and the model's files if its commit moved."""
    run.asked.add(name)
    if ("api", name, ABSENT_PATH) in run.known:
        run.gone.append(("api", name, ABSENT_PATH))
    info = json.loads(answer.body)
    revision = answer.revision or "unknown"
    _take_shown_results(run, name, revision, [e for e in answer.results if info.get("gated") or e.get("pullRequest")])
    blob_id = sha256_id(answer.body)
    place = ("api", name, INFO_PATH)
    if place in run.known and run.known[place].blob_id == blob_id:
        return
    listed = {entry.get("rfilename") for entry in info.get("siblings") or [] if isinstance(entry, dict)}
    if answer.revision is not None and not info.get("gated"):
        for path in (*_CARD_FILES, *_results(run, name, listed)):
            _take_file(run, name, revision, path, is_listed=path in listed if listed else path == "README.md")
    run.store.put(blob_id, answer.body)
    run.changed.append(FileVersion("api", name, INFO_PATH, revision, blob_id, len(answer.body), run.now))


def _take_shown_results(run: _Pass, name: str, revision: str, entries: list[dict[str, object]]) -> None:
    place = ("api", name, RESULTS_PATH)
    known = run.known.get(place)
    if not entries:
        run.gone += [place] if known is not None else []
        return
    body = canonical({"id": name, "evalResults": entries})
    blob_id = sha256_id(body)
    if known is None or known.blob_id != blob_id:
        run.store.put(blob_id, body)
        run.changed.append(FileVersion("api", name, RESULTS_PATH, revision, blob_id, len(body), run.now))


def _results(run: _Pass, name: str, listed: set[object]) -> list[str]:
    """Files of evaluation results that the model lists, or had when they were last looked at."""
    now = [path for path in listed if isinstance(path, str) and _RESULTS.fullmatch(path)]
    had = [
        path
        for repo_type, repo_id, path in run.known
        if repo_type == "model" and repo_id == name and _RESULTS.fullmatch(path)
    ]
    return sorted({*sorted(now)[:_MOST_RESULTS], *had})


def _take_file(run: _Pass, name: str, revision: str, path: str, *, is_listed: bool) -> None:
    place = ("model", name, path)
    known = run.known.get(place)
    if known is not None and known.revision == revision:
        return
    try:
        found = run.hub.fetch_named("model", name, revision, path, _MOST_CARD_BYTES) if is_listed else None
    except RepoUnavailableError:
        # Gated: the API answers for it, its files need terms to be accepted. What was known of them stays.
        return
    if found is None:
        if known is not None:
            run.gone.append(place)
        return
    blob_id, content = found
    if known is None or known.blob_id != blob_id:
        run.store.put(blob_id, content)
        run.changed.append(FileVersion("model", name, path, revision, blob_id, len(content), run.now))


def _take_unavailable(run: _Pass, name: str) -> None:
    """Puts on record, once, that the Hub does not show a model; what it said before stays believed."""
    run.asked.add(name)
    if ("api", name, ABSENT_PATH) in run.known:
        return
    body = json.dumps({"id": name, "unavailable": True}, sort_keys=True, separators=(",", ":")).encode()
    blob_id = sha256_id(body)
    run.store.put(blob_id, body)
    run.changed.append(FileVersion("api", name, ABSENT_PATH, "unavailable", blob_id, len(body), run.now))


def _settled(run: _Pass) -> Changes:
    """What the pass changed, once a model that was first missed and then found counts as found."""
    found = {file.repo_id for file in run.changed if file.path == INFO_PATH}
    latest = {file.place: file for file in run.changed if not (file.path == ABSENT_PATH and file.repo_id in found)}
    return Changes(sorted(latest.values()), sorted(set(run.gone)))


def _absent(run: _Pass, names: Iterable[str]) -> list[str]:
    """Models that are not shown now, of which a renamed repository may still answer to the old name."""
    found = {place[1] for place in run.gone if place[2] == ABSENT_PATH}
    absent = {place[1] for place in run.known if place[2] == ABSENT_PATH} - found
    absent |= {file.repo_id for file in run.changed if file.path == ABSENT_PATH}
    return [name for name in names if name in absent and "/" in name]


def _after(items: list[str], last: str) -> list[str]:
    """The items from the first one behind `last`, and then those up to it."""
    items = sorted(items)
    return [item for item in items if item > last] + [item for item in items if item <= last]
