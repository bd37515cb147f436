"""What a model was made from: every parent that its best source states, the family that parents agree on, and the ancestors."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
import pytest
from test_views import insert, model

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.lineage import all_bases, bases, families_by_bases

NO_ALIASES = pl.DataFrame(schema=dict.fromkeys(("source_id", "source_name", "model_id"), pl.String))
NO_POLICY = pl.DataFrame(schema={"model_id": pl.String, "base_model_id": pl.String})
CARD, ANSWER, TABLE = "README.md", "@api/model_info.json", "table.parquet"


def said(model_id: str, path: str = TABLE, **facts: Any) -> dict[str, Any]:
    source_id = "olb_v2_contents" if path == TABLE else "model_cards"
    place = {"source_id": source_id, "source_name": model_id, "repo_id": "r", "revision": "c", "path": path}
    return {"model_id": model_id, "precision": "n/a", "locator": "id", **place, **facts}


def named(model_id: str, path: str, *names: str, **facts: Any) -> list[dict[str, Any]]:
    rest = {"stated_in": "metadata", **facts}
    return [
        said(model_id, path, base_model_text=name, place=place, **rest, locator=f"base {place}")
        for place, name in enumerate(names)
    ]


def parents(*rows: dict[str, Any], policy: pl.DataFrame = NO_POLICY) -> dict[str, list[tuple[str, str]]]:
    """The parents of each model, and how it was made from them; the first comes first."""
    found = parent_rows(*rows, policy=policy)
    models = found["model_id"].unique(maintain_order=True)
    return {
        name: found.filter(pl.col("model_id") == name).select("base_model_id", "relation").rows() for name in models
    }


def parent_rows(*rows: dict[str, Any], policy: pl.DataFrame = NO_POLICY) -> pl.DataFrame:
    def frame(table: str, some: list[dict[str, Any]]) -> pl.DataFrame:
        schema = {"model_id": pl.String(), **frame_schema(table)}
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in some], schema=schema, orient="row")

    stated = frame("history.model_bases", [row for row in rows if "stated_in" in row])
    statements = frame("history.models", [row for row in rows if "stated_in" not in row])
    kin = bases(statements, policy, NO_ALIASES, stated=stated)
    return all_bases(statements, stated, kin, policy, NO_ALIASES)


def test_every_base_of_a_cards_list_is_a_parent_and_the_first_is_the_models_base() -> None:
    found = parent_rows(
        said("o/merge", ANSWER, base_model_text="o/b", is_merge=True),
        *named("o/merge", ANSWER, "o/b", "O/A", "x/gone"),
        said("o/a"),
        said("o/b"),
    )
    assert found.select("base_model_id", "relation", "is_first", "locator").rows() == [
        ("o/b", "merge", True, "base 0"),
        ("o/a", "merge", False, "base 1"),
        ("x/gone", "merge", False, "base 2"),
    ]


def test_a_model_of_several_bases_is_a_merge_unless_it_is_an_adapter_or_a_copy() -> None:
    two = ("o/a", "o/b")
    found = parents(
        said("o/m", ANSWER, base_model_text="o/a"),
        *named("o/m", ANSWER, *two),
        said("o/lora", ANSWER, base_model_text="o/a", weight_type="Adapter"),
        *named("o/lora", ANSWER, *two),
        said("o/itself", ANSWER, base_model_text="o/a"),
        *named("o/itself", ANSWER, "o/a", "o/itself"),
    )
    assert found == {
        "o/m": [("o/a", "merge"), ("o/b", "merge")],
        "o/lora": [("o/a", "adapter"), ("o/b", "adapter")],
        "o/itself": [("o/a", "finetune")],
    }


def test_another_file_that_names_the_base_by_a_copy_of_it_adds_no_parent() -> None:
    found = parents(
        said("o/lora", ANSWER, base_model_text="meta/llama"),
        *named("o/lora", ANSWER, "meta/llama"),
        said("o/lora", "adapter_config.json", base_model_text="copy/llama", weight_type="Adapter"),
        *named("o/lora", "adapter_config.json", "copy/llama", relation="adapter"),
        said("o/lora", base_model_text="another/llama"),
    )
    assert found == {"o/lora": [("meta/llama", "adapter")]}


def test_the_recipe_in_a_merges_card_names_parents_beside_its_list_and_none_of_a_model_that_is_no_merge() -> None:
    recipe = {"stated_in": "recipe", "relation": "merge"}
    found = parents(
        said("o/listed", ANSWER, base_model_text="o/a", is_merge=True),
        *named("o/listed", ANSWER, "o/a"),
        *named("o/listed", CARD, "o/b", "o/a", **recipe),
        said("o/cooked", is_merge=True),
        *named("o/cooked", CARD, "o/b", "o/a", **recipe),
        said("o/tuned", CARD, base_model_text="o/merge"),
        *named("o/tuned", CARD, "o/merge"),
        *named("o/tuned", CARD, "o/a", "o/b", **recipe),
    )
    assert found == {
        "o/listed": [("o/a", "merge"), ("o/b", "merge")],
        "o/cooked": [("o/b", "merge"), ("o/a", "merge")],
        "o/tuned": [("o/merge", "finetune")],
    }


def test_a_base_by_policy_and_one_by_name_stand_alone_with_their_place() -> None:
    policy = pl.DataFrame({"model_id": ["O/Merge"], "base_model_id": ["o/right"]})
    found = parent_rows(
        said("o/merge", ANSWER, base_model_text="o/a", is_merge=True),
        *named("o/merge", ANSWER, "o/a", "o/right"),
        said("o/m-GPTQ"),
        said("o/m"),
        policy=policy,
    )
    assert found.select("model_id", "base_model_id", "source_id", "path", "locator").rows() == [
        ("o/m-GPTQ", "o/m", "olb_v2_contents", TABLE, "model name"),
        ("o/merge", "o/right", "policy", "base_models.csv", "model_id o/merge"),
    ]


def made(*steps: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(steps, schema=["model_id", "base_model_id"], orient="row")


@pytest.mark.parametrize(
    ("steps", "family"),
    [
        ([("m", "llama"), ("m", "llama 2")], "Llama"),
        ([("m", "llama"), ("m", "mistral")], None),
        ([("m", "llama"), ("m", "unknown")], None),
        ([("m", "llama"), ("m", "tune"), ("tune", "other tune"), ("other tune", "llama")], "Llama"),
        ([("m", "mistral"), ("m", "tune"), ("tune", "llama")], None),
        ([("m", "llama"), ("m", "n"), ("n", "m")], None),
    ],
)
def test_parents_that_agree_on_a_family_pass_it_on(steps: list[tuple[str, str]], family: str | None) -> None:
    known = {"llama": "Llama", "llama 2": "Llama", "mistral": "Mistral"}
    names = sorted({name for step in steps for name in step})
    families = pl.DataFrame({"model_id": names, "family": [known.get(name) for name in names]})
    found = families_by_bases(families, made(*steps))
    assert found.filter(pl.col("model_id") == "m")["family"].to_list() == [family]


def add(con: duckdb.DuckDBPyConnection, *steps: tuple[str, str, str]) -> None:
    for model_id in sorted({model_id for model_id, _, _ in steps}):
        model(con, model_id, None, "open_weights")
    place = {"source_id": "s", "source_name": "n", "repo_id": "r", "revision": "c", "path": "p", "locator": "l"}
    for model_id, base, relation in steps:
        insert(
            con, "core.model_bases", model_id=model_id, base_model_id=base, relation=relation, is_first=True, **place
        )


def ancestors(con: duckdb.DuckDBPyConnection, model_id: str) -> list[tuple[Any, ...]]:
    return con.execute(
        "select depth, ancestor_id, relation, is_root, ancestor_is_known from mart.lineage where model_id = ? order by 1, 2",
        [model_id],
    ).fetchall()


def test_lineage_goes_up_to_every_last_known_base(empty: duckdb.DuckDBPyConnection) -> None:
    add(empty, ("a", "b", "quantized"), ("b", "c", "merge"), ("b", "d", "merge"), ("d", "gone/base", "finetune"))
    assert ancestors(empty, "a") == [
        (0, "a", None, False, True),
        (1, "b", "quantized", False, True),
        (2, "c", "merge", True, False),
        (2, "d", "merge", False, True),
        (3, "gone/base", "finetune", True, False),
    ]


def test_a_base_is_one_however_cards_spell_its_letters(empty: duckdb.DuckDBPyConnection) -> None:
    add(empty, ("a", "copies/Phi-3", "finetune"), ("b", "copies/phi-3", "adapter"), ("c", "b", "finetune"))
    assert {row[1] for name in ("a", "b", "c") for row in ancestors(empty, name) if not row[4]} == {"copies/Phi-3"}


def test_a_merge_whose_parents_nobody_recorded_is_no_root(empty: duckdb.DuckDBPyConnection) -> None:
    add(empty, ("a", "b", "finetune"), ("b", "c", "finetune"))
    empty.execute("update core.models set is_merge = true where model_id = 'b'")
    model(empty, "c", None, "open_weights")
    assert [row[3] for row in ancestors(empty, "a")] == [False, False, True]
    empty.execute("update core.models set is_merge = true where model_id = 'c'")
    assert [row[3] for row in ancestors(empty, "a")] == [False, False, False]


def test_an_ancestor_on_several_ways_is_there_once_on_the_shortest(empty: duckdb.DuckDBPyConnection) -> None:
    add(empty, ("m", "p", "merge"), ("m", "q", "merge"), ("p", "r", "finetune"), ("q", "r", "finetune"))
    add(empty, ("n", "r", "merge"), ("n", "m", "merge"))
    assert [row[:3] for row in ancestors(empty, "m")] == [
        (0, "m", None), (1, "p", "merge"), (1, "q", "merge"), (2, "r", "finetune"),
    ]  # fmt: skip
    assert [row[:4] for row in ancestors(empty, "n")] == [
        (0, "n", None, False), (1, "m", "merge", False), (1, "r", "merge", True),
        (2, "p", "merge", False), (2, "q", "merge", False),
    ]  # fmt: skip


def test_no_step_of_a_circle_is_believed_and_the_steps_beside_it_are(empty: duckdb.DuckDBPyConnection) -> None:
    add(empty, ("x", "y", "merge"), ("y", "z", "finetune"), ("z", "x", "finetune"), ("x", "base", "merge"))
    add(empty, ("tune of x", "x", "finetune"))
    assert [row[:4] for row in ancestors(empty, "x")] == [(0, "x", None, False), (1, "base", "merge", True)]
    assert [row[:4] for row in ancestors(empty, "y")] == [(0, "y", None, True)]
    assert [row[1] for row in ancestors(empty, "tune of x")] == ["tune of x", "x", "base"]


def test_merges_of_merges_cost_their_ancestors_and_not_the_ways_to_them(empty: duckdb.DuckDBPyConnection) -> None:
    """Forty generations of two merges of the two before: a million million ways."""
    sides = ("left", "right")
    add(empty, *((f"{n} {a}", f"{n + 1} {b}", "merge") for n in range(40) for a in sides for b in sides))
    found = ancestors(empty, "0 left")
    assert len(found) == 81 and [row[0] for row in found[-2:]] == [40, 40]
