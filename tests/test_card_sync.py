"""Asks about many models within a budget: new ones first, one call per owner, continuing where the last run stopped."""

from __future__ import annotations

import json

import msgspec
from card_world import Pass, changed
from faulty_hub import Response

from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH
from leaderboard_etl.raw.blob_ids import sha256_id


def test_an_owner_of_several_models_costs_one_call(cards: Pass) -> None:
    for name in ("org/a", "org/b", "org/unasked"):
        cards.put(name)
    result = cards.run("org/a", "org/b")
    assert changed(result) == [
        ("org/a", INFO_PATH),
        ("org/b", INFO_PATH),
        ("org/a", "README.md"),
        ("org/b", "README.md"),
    ]
    assert (cards.asked("author=org"), cards.asked("/api/models")) == (1, 2)  # one for where news begin next time


def test_a_second_pass_without_news_asks_but_lands_nothing(cards: Pass) -> None:
    cards.put("org/a")
    cards.put("org/b")
    cards.run("org/a", "org/b")
    result = cards.run("org/a", "org/b")
    assert not result.changes
    assert (cards.asked("author=org"), cards.asked("/resolve/")) == (1, 0)


def test_a_card_is_fetched_again_only_if_the_commit_moved(cards: Pass) -> None:
    cards.put("org/a")
    cards.put("org/b")
    cards.run("org/a", "org/b")
    cards.put("org/a", "---\nlicense: apache-2.0\n---\n")
    assert changed(cards.run("org/a", "org/b")) == [("org/a", INFO_PATH), ("org/a", "README.md")]
    assert cards.asked("/resolve/") == 1


def test_an_answer_landed_with_fields_that_are_no_longer_asked_for_is_the_same_answer(cards: Pass) -> None:
    cards.put("org/a")
    cards.run("org/a")
    place = ("api", "org/a", INFO_PATH)
    before = json.dumps({**json.loads(cards.store.get(cards.known[place].blob_id)), "baseModels": {}}).encode()
    cards.store.put(sha256_id(before), before)
    cards.known[place] = msgspec.structs.replace(cards.known[place], blob_id=sha256_id(before))
    cards.journal.unlink()
    assert not cards.run("org/a").changes
    cards.say("org/a", pipeline_tag="text-generation")
    assert ("org/a", INFO_PATH) in changed(cards.run("org/a"))


def test_the_budget_is_kept_and_the_next_run_continues(cards: Pass) -> None:
    names = [f"owner{n}/model" for n in range(10)]
    for name in names:
        cards.put(name)
    result = cards.run(*names, budget=4)
    assert cards.asked("/api/models") == 4 and result.remaining == 6
    assert cards.run(*names, budget=4).remaining == 2
    assert cards.run(*names, budget=4).remaining == 0
    assert {place[1] for place in cards.known} == set(names)


def test_models_never_seen_come_before_known_ones(cards: Pass) -> None:
    for name in ("a/old", "z/new"):
        cards.put(name)
    cards.run("a/old")
    result = cards.run("a/old", "z/new", budget=1)
    assert ("z/new", INFO_PATH) in changed(result)


def test_known_owners_are_asked_in_turn(cards: Pass) -> None:
    names = ["a/m", "b/m", "c/m"]
    for name in names:
        cards.put(name)
    cards.run(*names)
    asked = []
    for _ in range(3):
        cards.run(*names, budget=1)
        asked.append(cards.cursor["owner"])
    assert sorted(asked) == ["a", "b", "c"]


def test_a_model_that_the_hub_does_not_show_is_recorded_once_and_keeps_its_data(cards: Pass) -> None:
    cards.put("org/a")
    cards.put("org/b")
    cards.run("org/a", "org/b")
    (cards.root / "models/org/a/README.md").unlink()
    (cards.root / "models/org/a").rmdir()
    assert changed(cards.run("org/a", "org/b")) == [("org/a", ABSENT_PATH)]
    assert not cards.run("org/a", "org/b").changes
    assert ("model", "org/a", "README.md") in cards.known
    cards.put("org/a")
    result = cards.run("org/a", "org/b")
    assert [tuple(place) for place in result.changes.gone] == [("api", "org/a", ABSENT_PATH)]


def test_a_firewalls_refusal_makes_no_model_unavailable_and_is_asked_again(cards: Pass) -> None:
    for name in ("one/a", "two/a", "two/b"):
        cards.put(name)
    cards.run("one/a", "two/a", "two/b")
    cards.fault = lambda request: Response(403, body=b"<html>blocked</html>")
    result = cards.run("one/a", "two/a", "two/b")
    assert not result.changes and result.has_failed and "HTTP 403" in (result.message or "")
    cards.fault = lambda request: None
    cards.add("one/a", "README.md", "new")
    assert changed(cards.run("one/a", "two/a", "two/b")) == [("one/a", INFO_PATH), ("one/a", "README.md")]


def test_a_renamed_model_is_found_under_its_old_name(cards: Pass) -> None:
    cards.put("new/name")
    cards.put("old/other")
    moved = cards.root / "_api/models/old/name.json"
    moved.parent.mkdir(parents=True)
    moved.write_text('{"_moved_to": "new/name"}')
    result = cards.run("old/name", "old/other")
    assert ("old/name", INFO_PATH) in changed(result) and ("old/name", ABSENT_PATH) not in changed(result)
    body = next(file for file in result.changes.changed if file.repo_id == "old/name" and file.path == INFO_PATH)
    assert json.loads(cards.store.get(body.blob_id))["id"] == "new/name"


INDEX = "model.safetensors.index.json"


def test_a_weight_index_is_fetched_only_if_the_hub_states_no_size(cards: Pass) -> None:
    for name in ("org/told", "org/untold", "org/packed"):
        cards.put(name)
        cards.add(name, INDEX, "{}")
    cards.say("org/told", safetensors={"parameters": {"BF16": 7}, "total": 7})
    cards.add("org/packed", "quantize_config.json", "{}")
    result = cards.run("org/told", "org/untold", "org/packed")
    assert [name for name, path in changed(result) if path == INDEX] == ["org/untold"]
    assert cards.asked("author=org") == 1


def test_an_index_and_its_config_are_named_together_where_one_of_them_changed(cards: Pass) -> None:
    cards.put("org/a")
    cards.add("org/a", INDEX, "{}")
    cards.add("org/a", "config.json", '{"torch_dtype": "float32"}')
    cards.run("org/a")
    cards.add("org/a", "config.json", '{"torch_dtype": "bfloat16"}')
    assert changed(cards.run("org/a")) == [("org/a", INFO_PATH), ("org/a", "config.json"), ("org/a", INDEX)]
    cards.put("org/a", "another card")
    assert changed(cards.run("org/a")) == [("org/a", INFO_PATH), ("org/a", "README.md")]


def test_newly_wanted_files_of_known_models_are_fetched_once(cards: Pass) -> None:
    cards.put("org/a")
    cards.add("org/a", "adapter_config.json", "{}")
    cards.run("org/a")
    del cards.known["model", "org/a", "adapter_config.json"]
    assert changed(cards.run("org/a")) == [("org/a", "adapter_config.json")]
    assert not cards.run("org/a").changes


def test_a_card_over_the_limit_is_reported_and_the_rest_of_the_model_lands(cards: Pass) -> None:
    cards.put("org/a", "x" * (6 << 20))
    result = cards.run("org/a")
    assert changed(result) == [("org/a", INFO_PATH)]
    assert result.message is not None and "README.md of org/a has 6,291,456 bytes" in result.message


def test_files_are_asked_for_under_the_hubs_own_spelling(cards: Pass) -> None:
    cards.put("org/Model-7b")
    cards.put("org/other")
    assert ("org/model-7B", "README.md") in changed(cards.run("org/model-7B", "org/other"))
    asked = {request.path.split("/resolve/")[0] for request in cards.server.requests if "/resolve/" in request.path}
    assert asked == {"/org/Model-7b", "/org/other"}


def test_a_model_that_is_not_there_by_its_name_is_not_asked_for_again_in_the_same_pass(cards: Pass) -> None:
    cards.run("org/alone", "other/alone")
    assert (cards.asked("/org/alone"), cards.asked("/other/alone")) == (1, 1)
