"""A failure at one owner does not affect others; a night asks only what changed; a killed pass is continued."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from card_world import NOW, Pass, changed
from faulty_hub import Request, Response

from leaderboard_etl.hub import client
from leaderboard_etl.landing.benchmarks import BOARD_PATH, sync_boards
from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH, CardPass
from leaderboard_etl.landing.journal import Journal
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

Fault = Callable[[Request], Response | None]


class KilledError(Exception):
    """Stands for the end of a process."""


def failing(part: str, status: int = 500) -> Fault:
    return lambda request: Response(status, {}, b"") if part in request.target else None


def test_an_owner_that_fails_affects_no_other_and_is_asked_again(cards: Pass) -> None:
    names = ["ill/a", "ill/b", "well/a", "well/b"]
    for name in names:
        cards.put(name)
    cards.run(*names)
    for name in names:
        cards.put(name, "another card")
    cards.fault = failing("author=ill", 504)
    result = cards.run(*names)
    assert {name for name, _ in changed(result)} == {"well/a", "well/b"} and not result.has_failed
    assert result.message is not None and "HTTP 504: 1, e.g. the models of ill: HTTP 504, 3 times" in result.message
    cards.fault = lambda request: None
    result = cards.run(*names, budget=1)
    assert {name for name, _ in changed(result)} == {"ill/a", "ill/b"} and result.message is None


def test_a_model_with_a_failed_file_is_asked_again_and_its_owners_others_are_landed(cards: Pass) -> None:
    cards.put("org/a")
    cards.put("org/b")
    cards.add("org/a", "config.json", "{}")
    cards.fault = failing("/org/a/resolve/")
    result = cards.run("org/a", "org/b")
    assert {name for name, _ in changed(result)} == {"org/b"} and result.remaining == 1
    assert result.message is not None and "HTTP 500: 2" in result.message
    cards.fault = failing("config.json")
    assert changed(cards.run("org/a", "org/b")) == [("org/a", "README.md")]
    cards.fault = failing("README.md")
    assert changed(cards.run("org/a", "org/b")) == [("org/a", INFO_PATH), ("org/a", "config.json")]


def test_a_hub_that_mostly_fails_makes_the_source_fail_but_keeps_what_arrived(cards: Pass) -> None:
    names = [f"o{n}/m" for n in range(30)]
    for name in names:
        cards.put(name)
    cards.fault = lambda request: None if "/o7/" in request.target else Response(500, {}, b"")
    result = cards.run(*names)
    assert result.has_failed and changed(result) == [("o7/m", INFO_PATH), ("o7/m", "README.md")]
    assert result.remaining == 29 and "30 of 32 questions failed" in str(result.message)


def test_a_pass_reuses_its_connections(cards: Pass) -> None:
    names = [f"o{n}/m" for n in range(60)]
    for name in names:
        cards.put(name)
    cards.workers = 16
    cards.run(*names)
    assert len(cards.server.requests) >= 180
    assert cards.server.n_connections <= 2 * cards.workers, "as many as ask at once, and few that were closed meanwhile"


def test_a_list_that_is_too_much_for_the_hub_is_asked_for_in_smaller_pages(cards: Pass) -> None:
    for name in ("org/a", "org/b"):
        cards.put(name)
    cards.fault = failing("limit=1000", 504)
    result = cards.run("org/a", "org/b")
    assert {name for name, _ in changed(result)} == {"org/a", "org/b"} and result.message is None
    assert [request.first("limit") for request in cards.server.requests if "author=org" in request.target] == [
        *("1000", "1000", "200")
    ]


@pytest.mark.parametrize(("n_wanted", "n_lists", "n_by_name"), [(2, 1, 2), (12, 8, 0)])
def test_an_owner_of_many_models_of_which_few_are_wanted_is_asked_by_name(
    cards: Pass, monkeypatch: pytest.MonkeyPatch, n_wanted: int, n_lists: int, n_by_name: int
) -> None:
    monkeypatch.setattr(client, "_PAGE_ROWS", (2,))
    for number in range(16):
        cards.put(f"org/m{number:02}")
        cards.say(f"org/m{number:02}", lastModified=f"2024-01-{31 - number}T00:00:00.000Z")
    wanted = [f"org/m{number:02}" for number in range(16 - n_wanted, 16)]
    result = cards.run(*wanted)
    assert {name for name, path in changed(result) if path == INFO_PATH} == set(wanted)
    assert (cards.asked("author=org"), cards.asked("/api/models/org/")) == (n_lists, n_by_name)


class Hub20:
    """Twenty owners of two models each, all asked for once, on a Hub that states when each model changed last."""

    def __init__(self, cards: Pass) -> None:
        self.cards = cards
        self.names = [f"o{n:02}/{m}" for n in range(20) for m in "ab"]
        for name in self.names:
            cards.put(name)
            cards.say(name, lastModified="2024-01-01T00:00:00.000Z")
        cards.run(*self.names)

    def change(self, name: str, at: str) -> None:
        self.cards.put(name, f"changed at {at}")
        self.cards.say(name, lastModified=at)


def test_a_quiet_night_asks_what_changed_and_a_share_of_the_owners(cards: Pass) -> None:
    hub = Hub20(cards)
    assert not cards.run(*hub.names).changes
    assert (cards.asked("/api/models"), cards.asked("author=")) == (3, 2)
    hub.change("o13/b", "2024-12-31T00:00:00.000Z")
    assert changed(cards.run(*hub.names)) == [("o13/b", INFO_PATH), ("o13/b", "README.md")]
    assert (cards.asked("/api/models"), cards.asked("/api/models/o13/b"), cards.asked("/resolve/")) == (4, 1, 1)
    assert not cards.run(*hub.names).changes


def test_every_owner_is_asked_in_turn_for_changes_without_a_commit(cards: Pass) -> None:
    hub = Hub20(cards)
    asked: Counter[str] = Counter()
    for _ in range(10):
        cards.run(*hub.names)
        asked.update(request.first("author") for request in cards.server.requests if request.first("author"))
    assert asked == {f"o{n:02}": 1 for n in range(20)}


def test_a_change_dated_in_the_future_hides_none_after_it(cards: Pass) -> None:
    hub = Hub20(cards)
    hub.change("o01/a", "2099-01-01T00:00:00.000Z")
    cards.run(*hub.names)
    hub.change("o13/b", "2025-01-02T00:00:00.000Z")
    assert {name for name, _ in changed(cards.run(*hub.names))} == {"o13/b"}


def test_where_many_models_changed_the_owners_are_asked_instead(cards: Pass, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub20(cards)
    for number in range(60):
        cards.put(f"other{number}/m")
        cards.say(f"other{number}/m", lastModified=f"2024-{number // 28 + 10}-{number % 28 + 1:02}T00:00:00.000Z")
    hub.change("o13/b", "2024-09-01T00:00:00.000Z")
    monkeypatch.setattr(client, "_PAGE_ROWS", (2,))
    assert {name for name, _ in changed(cards.run(*hub.names))} == {"o13/b"}
    assert cards.asked("author=") == 20 and cards.asked("sort=lastModified") == 21
    assert not cards.run(*hub.names).changes
    assert cards.asked("author=") == 2


def test_a_change_that_could_not_be_fetched_is_asked_for_again(cards: Pass) -> None:
    hub = Hub20(cards)
    hub.change("o13/b", "2024-12-31T00:00:00.000Z")
    cards.fault = failing("/api/models/o13/b")
    assert not cards.run(*hub.names).changes
    cards.fault = lambda request: None
    assert {name for name, _ in changed(cards.run(*hub.names))} == {"o13/b"}


def test_what_the_budget_left_of_the_changes_is_asked_for_next_time(cards: Pass) -> None:
    hub = Hub20(cards)
    moved = [f"o{n:02}/a" for n in range(15)]
    for name in moved:
        hub.change(name, "2024-12-31T00:00:00.000Z")
    found = [{name for name, _ in changed(cards.run(*hub.names, budget=10))} for _ in range(2)]
    assert found[0] | found[1] == set(moved) and not found[0] & found[1]


def test_an_official_organisation_is_listed_every_time_back_to_the_last_visit(
    cards: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards.official = {"o07"}
    for number in range(6):
        cards.put(f"o07/more{number}")
        changed_at = f"2023-01-0{6 - number}T00:00:00.000Z"
        cards.say(f"o07/more{number}", createdAt="2020-01-01T00:00:00.000Z", lastModified=changed_at)
    hub = Hub20(cards)
    monkeypatch.setattr(client, "_PAGE_ROWS", (2,))
    for _ in range(2):
        cards.run(*hub.names)
        assert cards.asked("author=o07") >= 1
        assert cards.asked("author=o07") <= 2, "one page, and one more for what lies before the overlap"


def test_new_language_models_of_official_organisations_are_landed_although_no_source_names_them(cards: Pass) -> None:
    cards.official = {"newcomer"}
    for name, made, task in (
        ("newcomer/first-7b", "2024-12-01", "text-generation"),
        ("newcomer/untagged-7b", "2024-12-01", None),
        ("newcomer/voice", "2024-12-01", "text-to-speech"),
        ("newcomer/old-7b", "2020-01-01", "text-generation"),
        ("stranger/new-7b", "2024-12-01", "text-generation"),
    ):
        cards.put(name)
        made_at = f"{made}T00:00:00.000Z"
        cards.say(name, createdAt=made_at, lastModified=made_at, **({"pipeline_tag": task} if task else {}))
    cards.put("stranger/m")
    found = {name for name, _ in changed(cards.run("stranger/m"))}
    assert found == {"stranger/m", "newcomer/first-7b", "newcomer/untagged-7b"}
    cards.put("newcomer/first-7b", "another card")
    assert changed(cards.run("stranger/m")) == [
        ("newcomer/first-7b", INFO_PATH),
        ("newcomer/first-7b", "README.md"),
    ], "what was landed of it is kept up to date"


def test_a_new_model_with_a_failed_file_is_found_again_although_it_is_older_than_the_last_visit(
    cards: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAGE_ROWS", (1,))
    cards.official = {"newcomer"}
    for day, name in enumerate(("first-7b", "second-7b", "third-7b"), 1):
        cards.put(f"newcomer/{name}")
        cards.say(f"newcomer/{name}", lastModified=f"2024-12-0{day}T00:00:00.000Z")
    cards.fault = failing("first-7b/")
    assert {name for name, _ in changed(cards.run())} == {"newcomer/second-7b", "newcomer/third-7b"}
    cards.fault = lambda request: None
    assert {name for name, _ in changed(cards.run())} == {"newcomer/first-7b"}


def test_a_model_without_an_owner_that_moved_is_found_under_its_old_name(cards: Pass) -> None:
    cards.put("openai-community/gpt2")
    moved = cards.root / "_api/models/gpt2.json"
    moved.parent.mkdir(parents=True)
    moved.write_text('{"_moved_to": "openai-community/gpt2"}')
    result = cards.run("gpt2")
    assert changed(result) == [("gpt2", INFO_PATH), ("gpt2", "README.md")]


def test_a_model_missing_from_its_owners_list_is_asked_for_by_name(cards: Pass) -> None:
    hub = Hub20(cards)
    names = [*hub.names, "o01/gone", "o01/lost"]
    result = cards.run(*names)
    assert changed(result) == [("o01/gone", ABSENT_PATH), ("o01/lost", ABSENT_PATH)]
    assert (cards.asked("/o01/gone"), cards.asked("/o01/lost")) == (1, 1)
    for n_gone, n_lost in ((1, 0), (0, 1)):
        assert not cards.run(*names).changes
        assert (cards.asked("/o01/gone"), cards.asked("/o01/lost")) == (n_gone, n_lost), "a few a night have their turn"


def test_all_models_missing_from_lists_are_asked_for_by_name_before_any_is_asked_twice(cards: Pass) -> None:
    cards.put("org/a")
    names = ["org/a", *(f"org/gone{n}" for n in range(6))]
    asked = []
    for _ in range(4):
        cards.run(*names, budget=4)
        asked += [r.path.rpartition("/")[2] for r in cards.server.requests if "/gone" in r.path]
    assert sorted(asked[:6]) == [f"gone{n}" for n in range(6)]


@pytest.mark.parametrize("cut", [1, 2, 5, 8, 10])
def test_a_killed_pass_is_continued_where_it_stopped(cards: Pass, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    names = ["gone/x", "gone/y", "org/a", "org/b", "solo/m"]
    for name in names[2:]:
        cards.put(name, f"card of {name}")
        cards.add(name, "config.json", json.dumps({"of": name}))
    journal, cards.journal = cards.journal, cards.journal.with_name("undisturbed.jsonl")
    expected = [(file.place, file.blob_id) for file in cards.ask(*names).changes.changed]
    cards.journal = journal
    notes = iter(range(1, 100))

    def killed(*_: object) -> None:
        if next(notes) >= cut:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(CardPass, "_journal_change", _then(CardPass._journal_change, killed))
        with pytest.raises(KilledError):
            cards.ask(*names)
    landed = {file.place for file in Journal(journal).read(cards.store, {}).changed if file.repo_type == "model"}
    result = cards.run(*names)
    assert [(file.place, file.blob_id) for file in result.changes.changed] == expected
    asked = [re.sub("/resolve/[0-9a-f]{40}/", " ", request.path[1:]) for request in cards.server.requests]
    files = {("model", *path.split(" ")) for path in asked if " " in path}
    assert files == {place for place, _ in expected if place[0] == "model"} - landed
    assert not cards.run(*names).changes and not journal.exists()


def _then(first: Callable[..., None], second: Callable[..., None]) -> Callable[..., None]:
    def both(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return both


DIES = """
import os, sys
from itertools import count
from pathlib import Path
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing import cards
from leaderboard_etl.landing.card_pass import CardPass
from leaderboard_etl.raw.store import BlobStore

url, raw, journal, now, *names = sys.argv[1:]
note, notes = CardPass._journal_change, count()

def die(run, change):
    note(run, change)
    if next(notes) == 50:
        run.store.flush()
        os._exit(9)

CardPass._journal_change = die
with BlobStore(Path(raw)) as store:
    cards.sync_cards(Hub(url), store, {}, names, journal=Path(journal), cursor={}, budget=100, now=now)
"""


def test_what_a_process_landed_before_it_was_killed_is_not_fetched_again(cards: Pass) -> None:
    names = [f"org/m{n}" for n in range(40)]
    for name in names:
        cards.put(name, f"card of {name}")
    cards.store.close()
    where = [cards.server.url, str(cards.store.path.parent), str(cards.journal), NOW]
    assert subprocess.run([sys.executable, "-c", DIES, *where, *names], check=False).returncode == 9
    cards.store = BlobStore(cards.store.path.parent)
    landed = {file.repo_id for file in Journal(cards.journal).read(cards.store, {}).changed if file.path == "README.md"}
    result = cards.run(*names)
    again = {request.path.split("/resolve/")[0][1:] for request in cards.server.requests if "/resolve/" in request.path}
    assert len(changed(result)) == 80 and len(landed) > 20
    assert again == {*names} - landed
    cards.store.close()


def test_an_unfinished_line_of_a_killed_writer_is_ignored(cards: Pass) -> None:
    journal = Journal(cards.journal)
    content = [b"one", b"two"]
    for number, text in enumerate(content):
        cards.store.put(sha256_id(text), text)
        journal.add(Changes([FileVersion("model", f"o/{number}", "README.md", "c", sha256_id(text), len(text), NOW)]))
        with cards.journal.open("ab") as file:
            file.write(b'\n{"changed": [["model", "o/')
    assert [file.repo_id for file in journal.read(cards.store, {}).changed] == ["o/0", "o/1"]


def test_a_line_whose_bytes_did_not_reach_the_disk_is_left_out(cards: Pass) -> None:
    journal = Journal(cards.journal)
    journal.add(Changes([FileVersion("model", "o/m", "README.md", "c", "0" * 40, 1, NOW)]))
    assert not journal.read(cards.store, {}) and not cards.journal.exists()


def board(cards: Pass, name: str, *models: str, **fields: Any) -> None:
    file = cards.root / "_api/datasets" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    entries = [{"modelId": model, "filename": ".eval_results/x.yaml", "rank": 1} for model in models]
    file.write_text(json.dumps({"leaderboard": entries, "tags": ["benchmark:official"], **fields}))


def test_a_benchmark_that_fails_affects_no_other(cards: Pass) -> None:
    board(cards, "org/well", "o/m")
    board(cards, "org/gated", "o/n", gated="auto")
    board(cards, "org/ill", "o/before")
    datasets = ["org/ill", "org/gated", "org/well", "org/none"]

    def ask() -> Any:
        return sync_boards(cards.hub, cards.store, cards.known, datasets, judged=["ORG/gated", "org/well"], now=NOW)

    cards.run()
    cards.known |= {file.place: file for file in ask().changed}
    cards.fault = failing("org/ill/")
    board(cards, "org/well", "o/m", "o/new")
    found = ask()
    assert [file.place for file in found.changed] == [("api", "org/well", BOARD_PATH)]
    assert set(found.models) == {"o/before", "o/m", "o/new"}, "what an ill benchmark named before stays"
    assert found.gated == ["org/gated"] and "org/gated is gated: accept its terms" in str(found.message)
    assert len(found.failures) == 1 and "HTTP 500" in str(found.message) and not found.has_failed
    assert found.unknown == ["org/ill"]
