"""One row per model: which of several statements about its licence, its release and its kind is used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.evidence import parameter_evidence
from leaderboard_etl.normalize.lineage import all_bases, bases
from leaderboard_etl.normalize.models import assemble_models
from leaderboard_etl.policy import read_policy
from leaderboard_etl.sizes.architecture import TEXT_ALONE

POLICY = read_policy()
NO_BASES = pl.DataFrame(schema={"model_id": pl.String, "base_model_id": pl.String})
NO_ALIASES = pl.DataFrame(schema=dict.fromkeys(("source_id", "source_name", "model_id"), pl.String))


def said(model_id: str, source_id: str = "olb_v2_contents", **facts: Any) -> dict[str, Any]:
    place = {"repo_id": "r", "revision": "c", "path": "p", "precision": "float16"}
    return {"model_id": model_id, "source_id": source_id, "source_name": model_id, **place, **facts}


def models(
    *rows: dict[str, Any], sizes: Sequence[dict[str, Any]] = (), scored: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """The rows of core.models by id; `scored` are models with scores that no source describes."""
    statements = pl.DataFrame(rows, schema={"model_id": pl.String(), **frame_schema("history.models")}, orient="row")
    schema = {"model_id": pl.String(), **frame_schema("history.parameter_claims")}
    claims = pl.DataFrame(list(sizes), schema=schema, orient="row")
    stated = pl.DataFrame(schema={"model_id": pl.String(), **frame_schema("history.model_bases")})
    kin = bases(statements, NO_BASES, NO_ALIASES)
    evidence = parameter_evidence(
        claims, statements, kin, POLICY.frame("parameter_overrides"), POLICY.frame("parameter_methods")
    )
    found = assemble_models(
        statements,
        pl.concat([statements.select("model_id"), pl.DataFrame({"model_id": scored}, schema={"model_id": pl.String})]),
        evidence,
        kin,
        all_bases(statements, stated, kin, NO_BASES, NO_ALIASES),
        licenses=POLICY.frame("licenses"),
        model_licenses=POLICY.frame("model_licenses"),
        official=POLICY.frame("official_organizations"),
        families=POLICY.frame("families"),
        import_days=POLICY.frame("import_days"),
        not_language=POLICY.frame("not_language_models"),
    )
    return {row["model_id"]: row for row in found.iter_rows(named=True)}


def test_a_named_licence_has_priority_over_other_from_a_better_source() -> None:
    found = models(said("o/m", "model_cards", license_text="other"), said("o/m", "arena", license_text="Apache 2.0"))
    assert (found["o/m"]["license_text"], found["o/m"]["license_id"]) == ("Apache 2.0", "Apache-2.0")
    assert found["o/m"]["license_reason"] is None


def test_the_vendors_own_text_in_policy_has_priority_over_what_sources_state() -> None:
    found = models(said("moonshotai/Kimi-K2-Base", license_text="mit"), said("o/Kimi-K2-Base", license_text="mit"))
    assert found["moonshotai/Kimi-K2-Base"]["license_text"] == "modified-mit"
    assert found["o/Kimi-K2-Base"]["license_text"] == "mit"


def test_the_newest_of_the_arenas_dated_tables_decides_a_models_licence() -> None:
    """The arena listed deepseek-v2-api-0628 only in July 2024, and its weights were published in August."""
    then, since = ("leaderboard_table_20240731.csv", "leaderboard_table_20240801.csv")
    found = models(
        said("o/m", "arena", path=then, openness="proprietary", license_text="Proprietary"),
        said("o/m", "arena", path=since, openness="open_weights", license_text="DeepSeek"),
    )["o/m"]
    assert (found["openness"], found["license_text"]) == ("open_weights", "DeepSeek")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("01 AI", "01.AI"), ("Mistral", "Mistral AI"), ("Zhipu", "Zhipu AI"), ("xAI", "xAI"), ("Nobody AI", "Nobody AI")],
)
def test_an_organization_is_spelled_as_policy_spells_it(stated: str, expected: str) -> None:
    assert models(said("some-model", "arena", organization=stated))["some-model"]["organization"] == expected


@pytest.mark.parametrize(
    ("old_name", "new_name", "is_available"),
    [
        ([("@api/absent.json", False)], [("@api/model_info.json", True)], True),
        ([("@api/model_info.json", True), ("@api/absent.json", False)], [("@api/model_info.json", True)], True),
        ([("@api/model_info.json", True), ("@api/absent.json", False)], [("@api/absent.json", False)], False),
    ],
    ids=["never seen under the old name", "gone under the old name", "gone under both"],
)
def test_a_model_is_available_if_the_hub_shows_it_under_any_of_its_names(
    old_name: list[tuple[str, bool]], new_name: list[tuple[str, bool]], is_available: bool
) -> None:
    rows = [
        said("o/m", "model_cards", path=path, source_name=name, is_available=shown)
        for name, statements in (("a/old", old_name), ("o/m", new_name))
        for path, shown in statements
    ]
    table = said("o/m", is_available=not is_available)
    assert models(table, *rows)["o/m"]["is_available"] is is_available


def test_if_every_source_says_other_the_vendors_page_decides_by_family() -> None:
    found = models(said("facebook/opt-13b", license_text="other"), said("o/opt-13b", license_text="other"))
    assert found["facebook/opt-13b"]["license_class"] == "non_commercial"
    assert (found["o/opt-13b"]["license_class"], found["o/opt-13b"]["license_text"]) == ("unknown", "other")


def test_an_unknown_licence_says_why() -> None:
    found = models(said("o/silent"), said("o/vague", license_text="cc"), said("o/odd", license_text="be kind"))
    assert {name.split("/")[1]: row["license_reason"] for name, row in found.items()} == {
        "silent": "no source states one",
        "vague": "does not say which licence",
        "odd": "policy/licenses.csv does not list it",
    }


@pytest.mark.parametrize(
    ("facts", "released"),
    [
        ({"uploaded_on": date(2024, 1, 5)}, (date(2024, 1, 5), "hub_upload")),
        ({"created_at": datetime(2024, 1, 5, 12)}, (date(2024, 1, 5), "hub_created")),
        ({"submitted_on": date(2024, 3, 1)}, (date(2024, 3, 1), "leaderboard_submission")),
        (
            {"uploaded_on": date(2024, 1, 5), "submitted_on": date(2023, 12, 1)},
            (date(2023, 12, 1), "leaderboard_submission"),
        ),
        (
            {"created_at": datetime(2024, 6, 1), "uploaded_on": date(2023, 12, 1), "submitted_on": date(2023, 12, 11)},
            (date(2023, 12, 1), "hub_upload"),
        ),
        ({"uploaded_on": date(2022, 3, 2), "submitted_on": date(2023, 12, 1)}, (None, None)),
        ({}, (None, None)),
    ],
    ids=["upload", "creation", "submission", "uploaded again", "created again", "older than the Hub", "nothing"],
)
def test_the_release_date_comes_from_the_best_usable_evidence(facts: dict[str, Any], released: Any) -> None:
    row = models(said("o/m", **facts))["o/m"]
    assert (row["released_on"], row["released_on_method"]) == released


@pytest.mark.parametrize(
    ("facts", "released"),
    [
        ([], (None, None)),
        ([{"created_at": datetime(2023, 2, 13)}], (date(2023, 2, 13), "hub_created")),
        ([{"created_at": datetime(2024, 6, 1)}], (None, None)),
        ([{"submitted_on": date(2024, 6, 12)}], (None, None)),
        ([{"submitted_on": date(2023, 5, 2)}], (date(2023, 5, 2), "leaderboard_submission")),
    ],
    ids=["nothing else", "creation", "created again", "submitted again", "submitted before"],
)
def test_the_day_of_a_bulk_import_is_only_an_upper_bound_of_the_release(
    facts: list[dict[str, Any]], released: Any
) -> None:
    imported = said("o/m", "olb_v1_contents", submitted_on=date(2023, 9, 9))
    row = models(imported, *[said("o/m", **each) for each in facts])["o/m"]
    assert (row["released_on"], row["released_on_method"]) == released


def test_a_curated_fine_tune_of_an_unlisted_owner_is_not_official_but_a_proprietary_model_is() -> None:
    tuned, served = (
        said("o/tuned", "reference", openness="open_weights"),
        said("v/served", "reference", openness="proprietary"),
    )
    found = models(tuned, served)
    assert [found[name]["population"] for name in ("o/tuned", "v/served")] == ["fine_tune", "official"]


def test_a_model_that_makes_images_is_in_no_population_of_language_models_and_keeps_what_is_said_of_it() -> None:
    found = models(*(said(name, "arena", openness="proprietary") for name in ("dall-e-3", "photon", "photon-chat")))
    assert [found[name]["population"] for name in found] == ["not_language", "not_language", "official"]
    assert "images" in found["photon"]["not_language_reason"]
    assert (found["photon"]["openness"], found["photon-chat"]["not_language_reason"]) == ("proprietary", None)


def test_a_curated_date_has_priority_over_the_hubs() -> None:
    rows = (said("o/m", uploaded_on=date(2022, 3, 2)), said("o/m", "reference", released_on=date(2019, 2, 14)))
    assert models(*rows)["o/m"]["released_on"] == date(2019, 2, 14)


def test_a_vendors_quantised_copy_is_a_variant_and_not_a_further_official_model() -> None:
    found = models(said("Qwen/Qwen3-8B"), said("Qwen/Qwen3-8B-AWQ"))
    assert {name: row["population"] for name, row in found.items()} == {
        "Qwen/Qwen3-8B": "official",
        "Qwen/Qwen3-8B-AWQ": "quantized",
    }
    assert found["Qwen/Qwen3-8B-AWQ"]["base_model_id"] == "Qwen/Qwen3-8B"
    assert found["Qwen/Qwen3-8B-AWQ"]["base_model_relation"] == "quantized"


def test_a_vendors_statement_that_a_model_is_dense_overrides_a_tables_flag_and_makes_all_parameters_active() -> None:
    curated, flagged = said("o/model-2b", "reference", is_moe=False), said("o/model-2b", is_moe=True)
    row = models(curated, flagged)["o/model-2b"]
    assert (row["is_moe"], row["params_active"]) == (False, row["params_total"])
    assert models(flagged)["o/model-2b"]["is_moe"] is True


@pytest.mark.parametrize(
    ("name", "architecture", "flag", "is_moe"),
    [
        ("o/m-8b", "LlamaForCausalLM", True, False),
        ("o/m-46b", "MixtralForCausalLM", False, True),
        ("o/m-4b", "Phi3ForCausalLM", True, False),
        ("o/m-7b", "QWenLMHeadModel", True, False),
        ("o/m-14b", "Qwen2MoeForCausalLM", None, True),
        ("o/m-2x2b", "PhiForCausalLM", True, True),
        ("o/m-8b", "NeverHeardOfForCausalLM", True, True),
        ("o/m-8b", None, True, True),
        ("o/m-8b", None, None, None),
        ("o/m-8b", None, False, None),
        ("o/m-8b", "SwitchTransformersForConditionalGeneration", False, None),
        ("0x7o/m-3b", "GPTJForCausalLM", None, False),
    ],
)
def test_the_class_overrides_a_tables_flag_on_experts_which_proves_nothing_where_it_is_not_set(
    name: str, architecture: str | None, flag: bool | None, is_moe: bool | None
) -> None:
    """The v1 table flags 128 models of dense classes as mixtures, such as Qwen1.5-7B, and 119 of Mixtral's class as
    dense; both tables call Switch Transformers dense."""
    row = models(said(name, architecture=architecture, is_moe=flag))[name]
    assert (row["is_moe"], row["params_active"] is None) == (is_moe, is_moe is not False)
    assert (row["params_active"] is None) == (row["params_active_reason"] is not None)


def test_a_model_has_experts_if_its_base_has_unless_its_name_says_otherwise() -> None:
    base = said("o/x-8b", architecture="LlamaForCausalLM")
    found = models(
        base,
        said("t/tuned-8b", base_model_text="o/x-8b"),
        said("t/x-8b-GPTQ", base_model_text="o/x-8b"),
        said("t/x-4x8b", base_model_text="o/x-8b"),
        said("t/merged-8b", base_model_text="o/x-8b", is_merge=True),
    )
    assert [found[name]["is_moe"] for name in ("t/tuned-8b", "t/x-8b-GPTQ", "t/x-4x8b", "t/merged-8b")] == [
        False,
        False,
        None,
        None,
    ]


def test_a_merge_is_of_the_family_of_its_parents_and_a_fine_tune_of_none() -> None:
    found = models(
        said("o/llama-8b", "reference", family="Llama"),
        said("o/merge", base_model_text="o/llama-8b", is_merge=True),
        said("o/tune", base_model_text="o/llama-8b"),
        said("o/merge of one that no source lists", base_model_text="mistralai/Mistral-7B-v0.1", is_merge=True),
    )
    families = {name: row["family"] for name, row in found.items()}
    assert (families["o/merge"], families["o/tune"]) == ("Llama", None)
    assert families["o/merge of one that no source lists"] == "Mistral"


@pytest.mark.parametrize(
    ("total", "of_a_token", "active"),
    [
        (7_615_616_512, 7_615_616_512, 8_292_166_656),  # Qwen2.5-VL-7B: the text model and the whole
        (6_866_696_688, 3_980_491_248, 3_980_491_248),  # Gemma 3n E4B: its embeddings are only looked up
    ],
)
def test_a_dense_model_uses_all_of_its_parameters_unless_its_embeddings_are_only_looked_up(
    total: int, of_a_token: int, active: int
) -> None:
    place = {"kind": "total", "locator": "l"}
    stated = [
        said("o/m", "model_cards", **{**place, "kind": kind}, method="config", params=params, reason=TEXT_ALONE)
        for kind, params in (("total", total), ("active", of_a_token))
    ]
    whole = said("o/m", "model_cards", **place, method="safetensors", params=8_292_166_656)
    row = models(said("o/m", "model_cards", is_moe=False), sizes=[whole, *stated])["o/m"]
    assert (row["params_total"], row["params_active"], row["is_moe"]) == (8_292_166_656, active, False)


def test_models_that_share_a_display_name_are_told_apart_by_version_and_copies_by_their_owner() -> None:
    names = {
        "org/alone": "Alone",
        "org/model-0613": "Model",
        "org/model-0314": "Model",
        "org/mini": "mini",
        "copier/mini": "Mini",
        "org/mini-4k": "mini",
    }
    found = models(*(said(model_id, display_name=name) for model_id, name in names.items()))
    assert {model_id: facts["display_name"] for model_id, facts in found.items()} == {
        "org/alone": "Alone",
        "org/model-0613": "Model (model-0613)",
        "org/model-0314": "Model (model-0314)",
        "org/mini": "mini (org)",
        "copier/mini": "Mini (copier)",
        "org/mini-4k": "mini (mini-4k)",
    }


def test_a_null_size_has_its_reason() -> None:
    found = models(said("o/nameless"), said("o/m-8x7b", is_moe=True), said("o/m-8b", architecture="LlamaForCausalLM"))
    for row in found.values():
        assert (row["params_total"] is None) == (row["params_reason"] is not None)
        assert (row["params_active"] is None) == (row["params_active_reason"] is not None)
    assert "experts" in found["o/m-8x7b"]["params_active_reason"]


def test_the_reason_of_a_null_size_says_nothing_of_a_name_that_was_not_read() -> None:
    found = models(said("o/nameless"), scored=["o/only-rated-122b"])
    nothing = "no source that is read states a size, nor does any of its names"
    assert found["o/nameless"]["params_reason"] == nothing
    rated = "no source describes the model, which only has scores or ratings"
    assert found["o/only-rated-122b"]["params_reason"] == rated
