"""A model has one id, however its sources name it; different names are never merged by guessing."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.normalize.identity import resolve_names

ALIASES = pl.DataFrame(
    {
        "source_id": ["*", "arena", "*"],
        "source_name": ["gpt2", "GPT 4", "Former/Name"],
        "model_id": ["openai-community/gpt2", "openai/gpt-4", "Today/Name"],
    }
)


def resolve(*statements: tuple[str | None, ...]) -> dict[tuple[str, str], tuple[str, str]]:
    """Each statement is (source_id, source_name, hub_id) and, if it matters, the path of its file."""
    schema = dict.fromkeys(("source_id", "source_name", "hub_id", "path"), pl.String)
    frame = pl.DataFrame([(*row, "table.csv")[:4] for row in statements], schema=schema, orient="row")
    names = resolve_names(frame, frame.select("source_id", "source_name"), ALIASES)
    rows = names.select("source_id", "source_name", "model_id", "method").iter_rows()
    return {(source_id, name): (model_id, method) for source_id, name, model_id, method in rows}


def test_names_that_differ_in_case_only_are_one_model() -> None:
    found = resolve(("olb_v2_contents", "Org/Model-ITA", None), ("olb_v1_contents", "Org/Model-Ita", None))
    assert {model_id for model_id, _ in found.values()} == {"Org/Model-ITA"}
    assert found["olb_v1_contents", "Org/Model-Ita"][1] == "hub_id_case"


def test_the_hubs_own_spelling_wins_over_a_tables() -> None:
    found = resolve(("olb_v2_contents", "ORG/model", None), ("model_cards", "org/Model", "org/Model"))
    assert {model_id for model_id, _ in found.values()} == {"org/Model"}


def test_a_renamed_repository_is_followed_in_every_source() -> None:
    found = resolve(("model_cards", "old/name", "new/name"), ("olb_v1_contents", "old/name", None))
    assert found["olb_v1_contents", "old/name"] == ("new/name", "hub_rename")


def test_a_name_without_an_owner_is_what_the_alias_says() -> None:
    assert resolve(("olb_v1_contents", "gpt2", None))["olb_v1_contents", "gpt2"] == ("openai-community/gpt2", "alias")


def test_an_alias_of_one_source_does_not_reach_another() -> None:
    found = resolve(("arena", "gpt 4", None), ("olb_v1_contents", "gpt 4", None))
    assert found["arena", "gpt 4"] == ("openai/gpt-4", "alias")
    assert found["olb_v1_contents", "gpt 4"][0] == "gpt 4"


def test_models_with_similar_names_stay_apart() -> None:
    found = resolve(("olb_v1_contents", "o/m-7b", None), ("olb_v1_contents", "o/m-7b-chat", None))
    assert len({model_id for model_id, _ in found.values()}) == 2


def test_a_name_of_a_sources_own_is_the_repository_that_its_table_links_to() -> None:
    found = resolve(("arena", "llama-2-70b-chat", "meta-llama/Llama-2-70b-chat-hf"))
    assert found["arena", "llama-2-70b-chat"] == ("meta-llama/Llama-2-70b-chat-hf", "hub_link")


def test_the_newest_table_decides_between_several_links_of_a_name() -> None:
    rows = (("arena", "m", "o/old", "table_20230101.csv"), ("arena", "m", "o/new", "table_20240101.csv"))
    assert resolve(*rows)["arena", "m"] == resolve(*reversed(rows))["arena", "m"] == ("o/new", "hub_link")


def test_an_alias_has_priority_over_a_link() -> None:
    assert resolve(("arena", "GPT 4", "wrong/link"))["arena", "GPT 4"] == ("openai/gpt-4", "alias")


def test_a_link_to_a_renamed_repository_is_followed() -> None:
    found = resolve(("arena", "m", "old/name"), ("model_cards", "old/name", "new/name"))
    assert found["arena", "m"] == ("new/name", "hub_rename")


def test_a_link_to_a_name_that_policy_knows_as_a_former_one_leads_to_the_model_of_today() -> None:
    found = resolve(("arena", "name", "former/name"), ("olb_v1_contents", "former/Name", None))
    assert found["arena", "name"] == ("Today/Name", "hub_link")
    assert found["olb_v1_contents", "former/Name"] == ("Today/Name", "alias")


def test_an_unresolved_own_name_is_a_separate_model_and_marked_as_such() -> None:
    assert resolve(("arena", "mystery-model", None))["arena", "mystery-model"] == ("mystery-model", "unresolved")


def test_a_repository_that_was_renamed_twice_is_followed_to_its_name_of_today() -> None:
    found = resolve(("model_cards", "o/a", "o/b"), ("model_cards", "o/b", "o/c"), ("olb_v1_contents", "o/a", None))
    assert {model_id for model_id, _ in found.values()} == {"o/c"}


def test_a_rename_to_a_former_name_that_policy_knows_leads_to_the_model_of_today() -> None:
    assert resolve(("model_cards", "o/a", "former/name"))["model_cards", "o/a"] == ("Today/Name", "hub_rename")


def test_names_that_lead_to_each_other_are_one_model() -> None:
    found = resolve(("model_cards", "o/a", "o/b"), ("model_cards", "o/b", "o/a"), ("olb_v1_contents", "o/b", None))
    assert {model_id for model_id, _ in found.values()} == {"o/a"}
