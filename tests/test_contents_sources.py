"""The rows of the two leaderboard tables become scores, model statements and size claims, each with its place."""

from __future__ import annotations

import io
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Lock
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard_etl.errors import SourceError
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sample import sample_root
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import apply_rules
from leaderboard_etl.sources.shared.leaderboard_table import table

POLICY = read_policy()
V1, V2 = "olb_v1_contents", "olb_v2_contents"
FINAL = {V1: "table_2024", V2: "table_2025"}
# Three rows whose true flags are known: a mixture of experts, its dense sibling, and another dense model.
PROOF: list[dict[str, Any]] = [
    {"fullname": "mistralai/Mixtral-8x7B-v0.1", "MoE": True},
    {"fullname": "mistralai/Mistral-7B-v0.1"},
    {"fullname": "meta-llama/Meta-Llama-3-8B"},
]
ROW: dict[str, Any] = {
    "fullname": "org/model",
    "Model": "org/model",
    "Precision": "bfloat16",
    "Type": "🟢 pretrained",
    "Weight type": "Original",
    "Architecture": "LlamaForCausalLM",
    "Model sha": "a" * 40,
    "Hub License": "mit",
    "#Params (B)": 7.242,
    "Available on the hub": True,
    "MoE": False,
    "Flagged": False,
    "Merged": False,
    "Chat Template": False,
}
ROW_V2 = ROW | {
    "Official Providers": True,
    "Upload To Hub Date": "2024-04-13",
    "Submission Date": "2024-08-05",
    "Base Model": "org/base",
    "GPQA Raw": 0.6,
    "GPQA": 100 * (0.6 - 0.25) / 0.75,
}
ROW_V1 = ROW | {"#Params (B)": 7.0, "date": "2024-05-05T12:22:44Z", "MMLU": 60.5}


def content(source_id: str, rows: list[dict[str, Any]]) -> bytes:
    """A table in the source's latest format."""
    columns = POLICY.frame("column_eras").filter(pl.col("era") == FINAL[source_id])
    dtypes: dict[str, Any] = {"number": pl.Float64, "flag": pl.Boolean}
    schema = {name: dtypes.get(kind, pl.String) for name, kind in columns.select("published_column", "kind").rows()}
    typical = ROW_V2 if source_id == V2 else ROW_V1
    buffer = io.BytesIO()
    pl.DataFrame([typical | row for row in rows], schema=schema).write_parquet(buffer)
    return buffer.getvalue()


def file(source_id: str, landed: bytes, path: str = "data/train-00000-of-00001.parquet") -> SourceFile:
    repo_id = SOURCES[source_id].repo_id
    return SourceFile(FileVersion("dataset", repo_id, path, "c" * 40, "b" * 40, len(landed), ""), landed)


def parse_exactly(source_id: str, *rows: dict[str, Any]) -> Parsed:
    return SOURCES[source_id].parse([file(source_id, content(source_id, list(rows)))], POLICY)


def parse(source_id: str, *rows: dict[str, Any]) -> Parsed:
    """Parses PROOF, followed by `rows` from row 3 on."""
    return parse_exactly(source_id, *PROOF, *rows)


def model(parsed: Parsed) -> dict[str, Any]:
    return parsed.models.row(3, named=True)


def size(parsed: Parsed) -> tuple[int | None, str | None]:
    params, reason = parsed.parameter_claims.select("params", "reason").row(3)
    return params, reason


def findings(parsed: Parsed, kind: str) -> list[str]:
    return [finding.message for finding in parsed.drift if finding.kind == kind]


# --- scores


def test_a_v2_score_is_the_raw_fraction_with_its_place_and_the_published_normalised_value() -> None:
    parsed = parse(V2, {"fullname": "org/a", "Chat Template": True})
    score = parsed.scores.row(3, named=True)
    assert (score["source_name"], score["variant_id"], score["score_raw"], score["score_unit"]) == (
        *("org/a", "gpqa_olb_v2", 0.6, "fraction"),
    )
    assert score["score_norm_published_pct"] == pytest.approx(46.6667, abs=1e-4)
    assert (score["has_chat_template"], score["run_id"], score["precision"]) == (True, "n/a", "bfloat16")
    assert (score["reported_by"], score["is_verified"], score["evaluated_on"]) == (
        "leaderboard",
        True,
        date(2024, 8, 5),
    )
    assert (score["locator"], score["repo_id"]) == ("row 3, GPQA Raw", "open-llm-leaderboard/contents")
    assert parsed.source_rows == parsed.models.height == parsed.parameter_claims.height == 4


def test_a_v1_score_is_a_percentage_without_a_normalised_value() -> None:
    score = parse(V1, {"Chat Template": None}).scores.row(3, named=True)
    assert (score["variant_id"], score["score_raw"], score["score_unit"]) == ("mmlu_olb_v1", 60.5, "percent")
    assert (score["score_norm_published_pct"], score["has_chat_template"]) == (None, None)
    assert score["locator"] == "row 3, MMLU"


def test_a_small_file_of_endless_equal_rows_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", len(PROOF) + 1)
    assert parse(V2, ROW_V2).scores.height > 0
    with pytest.raises(SourceError, match="has 5 rows, over the limit of 4"):
        parse(V2, ROW_V2, ROW_V2)


def test_of_two_threads_that_read_tables_one_loads_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import load_dataset

    loading, were_alone = Lock(), []

    def watched(*given: Any, **named: Any) -> Any:
        is_alone = loading.acquire(blocking=False)
        were_alone.append(is_alone)
        time.sleep(0.1)
        loaded = load_dataset(*given, **named)
        if is_alone:
            loading.release()
        return loaded

    monkeypatch.setattr("datasets.load_dataset", watched)
    with ThreadPoolExecutor(2) as pool:
        parsed = list(pool.map(parse, (V1, V2)))
    assert [table.models.height for table in parsed] == [len(PROOF)] * 2
    assert were_alone == [True, True]


def test_a_null_cell_is_not_a_score_but_zero_is() -> None:
    parsed = parse(V1, {"fullname": "org/none", "MMLU": None}, {"fullname": "org/zero", "MMLU": 0.0})
    assert parsed.scores.select("source_name", "score_raw").rows()[3:] == [("org/zero", 0.0)]


def test_a_cell_that_is_not_a_number_is_quarantined_not_lost() -> None:
    parsed = apply_rules(parse(V2, {"GPQA Raw": float("nan"), "GPQA": None}), SOURCES[V2], POLICY.benchmarks)
    assert parsed.scores.height == 3
    assert parsed.quarantine.select("rule", "locator").rows() == [("score_raw|number", "row 3, GPQA Raw")]


def test_a_normalised_value_that_is_not_a_number_is_reported_and_the_raw_value_kept() -> None:
    parsed = parse(V2, {"BBH Raw": 0.5, "BBH": float("nan")})
    (message,) = findings(parsed, "normalisation")
    assert message.startswith("1 published") and "row 3, BBH Raw" in message
    assert parsed.scores.filter(pl.col("variant_id") == "bbh_olb_v2")["score_norm_published_pct"].to_list() == [None]


def test_a_score_below_chance_is_normalised_to_zero() -> None:
    assert parse(V2, {"GPQA Raw": 0.2, "GPQA": 0.0}).drift == []


# Of the table of March 2025, on 1,192, 1,324 and 12,032 questions: k / n with 15 digits.
SHARES = ("GPQA Raw", 1192), ("MATH Lvl 5 Raw", 1324), ("MMLU-PRO Raw", 12_032)


def whole_run(right: int = 401, digits: int = 15) -> dict[str, float]:
    return {name: float(f"{right / n:.{digits}g}") for name, n in SHARES}


@pytest.mark.parametrize("trial", [(0.326666666666667, 0.1, 0.35), (0.233333333333333, 0.0, 0.1)])
def test_the_scores_of_a_row_that_no_run_over_all_questions_gives_are_refused_and_its_facts_stay(
    trial: tuple[float, float, float],
) -> None:
    scores = dict(zip((name for name, _ in SHARES), trial, strict=True))
    rows = [{"fullname": f"org/{n}"} | whole_run(401 + n) for n in range(5)]
    parsed = parse_exactly(V2, *rows, {"fullname": "org/trial", "IFEval Raw": 0.5} | scores)
    assert set(parsed.scores["source_name"]) == {f"org/{n}" for n in range(5)}
    assert parsed.scores.height == 15
    refused = parsed.quarantine.select("source_name", "rule", "locator").rows()
    assert sorted(refused) == [
        ("org/trial", "run|limited", f"row 5, {name}")
        for name in ("GPQA Raw", "IFEval Raw", "MATH Lvl 5 Raw", "MMLU-PRO Raw")
    ]
    assert f"mmlu_pro_olb_v2 {round(trial[2] * 12_032, 2)} of 12032" in parsed.quarantine["reason"][0]
    assert "org/trial" in parsed.models["source_name"] and "org/trial" in parsed.parameter_claims["source_name"]


@pytest.mark.parametrize("digits", range(2, 9))
def test_a_row_that_was_rounded_further_than_the_others_is_no_trial_run(digits: int) -> None:
    rows = [whole_run(401 + n) for n in range(5)]
    parsed = parse_exactly(V2, *rows, {name: round(value, digits) for name, value in whole_run(433).items()})
    assert parsed.quarantine.height == 0


def test_where_most_rows_are_no_whole_numbers_of_answers_policys_numbers_of_questions_are_wrong() -> None:
    rows = [{name: round((401 + n) / 1_201, 15) for name, _ in SHARES} for n in range(5)]
    parsed = parse_exactly(V2, *rows, whole_run())
    assert parsed.quarantine.height == 0 and parsed.scores.height > 0


def test_one_score_alone_that_is_no_share_of_its_questions_is_no_sign_of_a_trial_run() -> None:
    rows = [whole_run(401 + n) for n in range(5)]
    parsed = parse_exactly(V2, *rows, whole_run() | {"MATH Lvl 5 Raw": 0.202608695652174})
    assert parsed.quarantine.is_empty()


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_of_numbers_with_few_decimals_none_says_how_many_questions_were_asked(digits: int) -> None:
    rows = [whole_run(401 + 7 * n, digits) for n in range(9)]
    # Two exact values among them, and what adding leaves behind the last decimal, do not make them exact.
    parsed = parse_exactly(V2, *rows, whole_run(), whole_run() | {"GPQA Raw": 0.3 + 0.03})
    assert parsed.quarantine.is_empty()


def test_numbers_rounded_to_six_decimals_still_show_a_trial_run() -> None:
    rows = [{name: round(value, 6) for name, value in whole_run(401 + n).items()} for n in range(5)]
    parsed = parse_exactly(V2, *rows, {"GPQA Raw": 0.326667, "MATH Lvl 5 Raw": 0.1, "MMLU-PRO Raw": 0.35})
    assert set(parsed.quarantine["locator"].str.slice(0, 5)) == {"row 5"}


# --- names


@pytest.mark.parametrize(
    ("fullname", "cell", "name"),
    [
        ("org/full", "org/cell", "org/full"),
        (None, "org/cell", "org/cell"),
        ("  ", "org/cell", "org/cell"),
        (None, '<a target="_blank" href="https://huggingface.co/org/m" style="x">org/m</a>', "org/m"),
        (None, '<a href="https://h/org/m">org/m</a>  <a target="_blank" href="https://h/d">📑</a>', "org/m"),
        (None, '<script>x</script><a href="h">org/m</a>', '<script>x</script><a href="h">org/m</a>'),
        (None, '<a href="h">org/<b>m</b></a>', '<a href="h">org/<b>m</b></a>'),
    ],
)
def test_the_name_is_the_full_name_else_the_text_of_the_model_link(fullname: object, cell: str, name: str) -> None:
    parsed = parse(V2, {"fullname": fullname, "Model": cell})
    assert model(parsed)["source_name"] == model(parsed)["hub_id"] == name
    kept = apply_rules(parsed, SOURCES[V2], POLICY.benchmarks).models["source_name"].to_list()
    assert (name in kept) == ("<" not in name)


def test_a_row_without_any_name_is_quarantined() -> None:
    parsed = apply_rules(parse(V2, {"fullname": None, "Model": None}), SOURCES[V2], POLICY.benchmarks)
    assert (parsed.scores.height, parsed.models.height, parsed.parameter_claims.height) == (3, 3, 3)
    assert set(parsed.quarantine["target"]) == {"scores", "models", "parameter_claims"}


# --- statements about a model


def test_a_model_statement_holds_what_the_row_says() -> None:
    said = model(parse(V2, {"Merged": True, "Precision": "float16"}))
    assert (said["organization"], said["model_sha"], said["architecture"]) == ("org", "a" * 40, "LlamaForCausalLM")
    assert (said["license_text"], said["base_model_text"], said["weight_type"]) == ("mit", "org/base", "Original")
    assert (said["is_merge"], said["is_moe"], said["is_official"], said["is_available"]) == (True, False, True, True)
    assert (said["uploaded_on"], said["submitted_on"]) == (date(2024, 4, 13), date(2024, 8, 5))
    assert (said["precision"], said["locator"], said["created_at"]) == ("float16", "row 3", None)


def test_a_name_without_an_owner_has_no_organization() -> None:
    assert model(parse(V1, {"fullname": "gpt2"}))["organization"] is None


@pytest.mark.parametrize(
    ("published", "model_type", "tuning"),
    [
        ("🟢 pretrained", "pretrained", "base"),
        ("🟩 continuously pretrained", "continuously pretrained", "base"),
        ("💬 chat models (RLHF, DPO, IFT, ...)", "chat models (RLHF, DPO, IFT, ...)", "instruct"),
        ("🔶 fine-tuned on domain-specific datasets", "fine-tuned on domain-specific datasets", "instruct"),
        ("fine-tunedondomain-specificdatasets", "fine-tunedondomain-specificdatasets", "instruct"),
        ("continuouslypretrained", "continuouslypretrained", "base"),
        ("chatmodels", "chatmodels", "instruct"),
        ("🤝 base merges and moerges", "base merges and moerges", "other"),
        ("🌸 multimodal", "multimodal", "other"),
        ("❓ other", "other", "other"),
        ("❓", None, None),
        (None, None, None),
    ],
)
def test_the_type_loses_its_emoji_and_maps_to_a_tuning(
    published: str | None, model_type: str | None, tuning: str | None
) -> None:
    said = model(parse(V2, {"Type": published}))
    assert (said["model_type"], said["tuning"]) == (model_type, tuning)


@pytest.mark.parametrize("cell", ["?", "Unknown", "", None, "L;l;a;m;a;F;o;r;C;a;u;s;a;l;L;M"])
def test_an_unknown_architecture_is_null(cell: str | None) -> None:
    assert model(parse(V1, {"Architecture": cell}))["architecture"] is None


@pytest.mark.parametrize(
    ("cell", "base"),
    [
        ("org/base", "org/base"),
        ("org/base (Merge)", "org/base"),
        ("org/model", None),
        ("org/model (Merge)", None),
        ("Removed", None),
        ("(Merge)", None),
        ("", None),
        (None, None),
    ],
)
def test_a_base_model_is_another_model_that_still_exists(cell: str | None, base: str | None) -> None:
    assert model(parse(V2, {"Base Model": cell}))["base_model_text"] == base


def test_blank_texts_are_null_and_a_missing_precision_unknown() -> None:
    said = model(parse(V2, {"Model sha": "", "Hub License": " ", "Precision": None}))
    assert (said["model_sha"], said["license_text"], said["precision"]) == (None, None, "unknown")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-05-05T12:22:44Z", date(2024, 5, 5)),
        ("2023-09-15T11:25:37.918274", date(2023, 9, 15)),
        ("2024-05-05", date(2024, 5, 5)),
        ("", None),
        (None, None),
    ],
)
def test_the_day_is_read_from_every_published_form(cell: str | None, day: date | None) -> None:
    parsed = parse(V1, {"date": cell})
    assert (model(parsed)["submitted_on"], parsed.scores["evaluated_on"][3], parsed.drift) == (day, day, [])


@pytest.mark.parametrize(
    "cell", ["yesterday", "2024-13-05", "05/05/2024", "2024-05-05 or so", "20240505", "0001-01-01", "2150-01-01"]
)
def test_a_text_that_is_not_a_date_is_null_and_reported_with_an_example(cell: str) -> None:
    parsed = parse(V1, {"date": cell})
    assert model(parsed)["submitted_on"] is None
    (message,) = findings(parsed, "unread_dates")
    assert message.startswith("1 cells") and repr(cell) in message


# --- sizes


@pytest.mark.parametrize(
    ("billions", "expected"),
    [
        (7.242, (7_242_000_000, None)),
        (0.0, (None, "the table says 0")),
        (-1.0, (None, "the table says -1")),
        (float("nan"), (None, "the table says NaN")),
        (float("inf"), (None, "the table says inf")),
        (1e300, (None, "the table says 1e+300")),
        (None, (None, "the table says nothing")),
    ],
)
def test_a_size_of_zero_or_less_is_unknown_and_the_claim_keeps_the_text(
    billions: float | None, expected: tuple[int | None, str | None]
) -> None:
    parsed = parse(V2, {"#Params (B)": billions})
    assert size(parsed) == expected
    assert apply_rules(parsed, SOURCES[V2], POLICY.benchmarks).quarantine.is_empty()
    claim = parsed.parameter_claims.row(3, named=True)
    assert (claim["kind"], claim["method"], claim["locator"]) == ("total", "leaderboard", "row 3, #Params (B)")


def test_sizes_of_an_era_that_rounds_and_of_packed_weights_are_in_doubt() -> None:
    assert size(parse(V1, {"#Params (B)": 7.0})) == (7_000_000_000, "whole billions")
    packed = size(parse(V1, {"#Params (B)": 7.0, "Precision": "GPTQ"}))
    assert packed == (7_000_000_000, "may be the count of packed weights; whole billions")
    assert size(parse(V2, {"#Params (B)": 7.0, "Precision": "4bit"}))[1] == "may be the count of packed weights"
    assert size(parse(V2, {"#Params (B)": 7.0}))[1] is None


# --- flags


def inverted(row: dict[str, Any]) -> dict[str, Any]:
    typical = ROW | row
    return row | {flag: not typical[flag] for flag in ("MoE", "Merged", "Flagged", "Available on the hub")}


@pytest.mark.parametrize("source_id", [V1, V2])
def test_an_inverted_flag_is_corrected_silently(source_id: str) -> None:
    rows: list[dict[str, Any]] = [*PROOF, {"Merged": True, "Available on the hub": False}]
    flags = ["is_moe", "is_merge", "is_flagged", "is_available"]
    straight = parse_exactly(source_id, *rows)
    turned = parse_exactly(source_id, *map(inverted, rows))
    assert straight.models.select(flags).rows()[0] == (True, False, False, True)
    assert straight.models.select(flags).rows()[3] == (False, True, False, False)
    assert turned.models.select(flags).equals(straight.models.select(flags))
    assert straight.drift == turned.drift == []


def test_a_flag_without_a_sentinel_in_the_table_is_null_for_all_and_reported() -> None:
    parsed = parse_exactly(V2, {"fullname": "org/a"}, {"fullname": "org/b", "MoE": True})
    assert parsed.models["is_moe"].to_list() == [None, None]
    assert parsed.models["is_official"].to_list() == [True, True]
    assert {finding.subject for finding in parsed.drift} == {"is_moe", "is_merge", "is_flagged", "is_available"}
    assert all("no sentinel" in message for message in findings(parsed, "flag_polarity"))


def test_sentinels_that_disagree_prove_nothing() -> None:
    parsed = parse(V2, {"fullname": "mistralai/Mixtral-8x22B-v0.1", "MoE": False})
    assert parsed.models["is_moe"].to_list() == [None] * 4
    (message,) = findings(parsed, "flag_polarity")
    assert "1 of 5 signs say that it is inverted: mistralai/Mixtral-8x22B-v0.1" in message
    assert parsed.models["is_merge"].to_list() == [False] * 4


def test_a_flag_that_is_set_for_most_rows_is_ignored() -> None:
    parsed = parse(V2, *({"fullname": f"org/m{n}", "Flagged": True} for n in range(4)))
    assert parsed.models["is_flagged"].to_list() == [None] * 7
    assert "the share of true" in findings(parsed, "flag_polarity")[0]


@pytest.mark.parametrize("source_id", [V1, V2])
def test_the_sentinels_in_one_file_of_a_table_prove_the_flags_in_the_others(source_id: str) -> None:
    """v2's last table would be in two shards if it grew: half of its rows were without flags."""
    inverted = [{name: not row.get(name, False) for name in ("Merged", "MoE", "Flagged")} for row in PROOF]
    proof = [row | flags for row, flags in zip(PROOF, inverted, strict=True)]
    merge = {"fullname": "org/merge", "Merged": False, "MoE": True, "Flagged": True}
    shards = [content(source_id, [merge]), content(source_id, proof)]
    parsed = SOURCES[source_id].parse(
        [file(source_id, each, f"data/{n}.parquet") for n, each in enumerate(shards)], POLICY
    )
    said = parsed.models.select("source_name", "is_merge", "is_moe", "is_flagged").rows()
    assert said[0] == ("org/merge", True, False, False)
    assert said[1] == ("mistralai/Mixtral-8x7B-v0.1", False, True, False)
    assert parsed.drift == []


def test_flags_that_no_file_of_a_table_proves_are_reported_once() -> None:
    shards = [file(V2, content(V2, [{"fullname": f"org/m{n}", "MoE": True}]), f"data/{n}.parquet") for n in range(2)]
    parsed = SOURCES[V2].parse(shards, POLICY)
    assert parsed.models["is_moe"].to_list() == [None, None]
    assert [finding.subject for finding in parsed.drift].count("is_moe") == 1


def test_a_row_of_the_type_of_merges_is_a_merge_whatever_its_flag_says() -> None:
    merges: dict[str, Any] = {"Type": "🤝 base merges and moerges"}
    for flagged in (True, False):
        assert model(parse(V2, merges | {"Merged": flagged}))["is_merge"] is True
    assert model(parse(V2, {"Type": "🔶 fine-tuned on domain-specific datasets", "Merged": False}))["is_merge"] is False


def test_the_merge_suffix_counts_only_if_the_flag_is_null() -> None:
    suffixed: dict[str, Any] = {"Base Model": "org/base (Merge)"}
    assert model(parse(V2, suffixed))["is_merge"] is False
    unproved = parse_exactly(V2, suffixed, {"fullname": "org/b"})
    assert unproved.models["is_merge"].to_list() == [True, None]


def test_every_sentinel_has_a_link_to_its_model_and_a_truth() -> None:
    sentinels = POLICY.frame("flag_sentinels")
    assert sentinels.filter(pl.col("source_url") != "https://huggingface.co/" + pl.col("source_name")).is_empty()
    assert set(sentinels["expected"]) == {"true", "false"}
    assert sentinels.filter(pl.struct("source_id", "flag", "source_name").is_duplicated()).is_empty()
    per_flag = sentinels.group_by("source_id", "flag").len()
    assert per_flag.height == 8 and per_flag["len"].min() >= 3  # type: ignore[operator]


# --- whole files


@pytest.mark.parametrize(("source_id", "n_rows", "n_trials"), [(V2, 119, 2), (V1, 137, 0)])
def test_the_bundled_table_loads_whole_but_for_trial_runs(source_id: str, n_rows: int, n_trials: int) -> None:
    source = SOURCES[source_id]
    path = next((sample_root() / "datasets" / source.repo_id / "data").glob("*.parquet"))
    parsed = apply_rules(source.parse([file(source_id, path.read_bytes())], POLICY), source, POLICY.benchmarks)
    assert (parsed.source_rows, parsed.models.height, parsed.scores.height) == (n_rows, n_rows, 6 * (n_rows - n_trials))
    assert parsed.drift == []
    assert parsed.quarantine["rule"].to_list() == ["run|limited"] * 6 * n_trials
    moe = parsed.models.filter("is_moe")["source_name"].to_list()
    assert "mistralai/Mixtral-8x7B-v0.1" in moe and "mistralai/Mistral-7B-v0.1" not in moe


def test_several_files_are_one_result_with_separate_places() -> None:
    landed = content(V2, PROOF)
    parts = [file(V2, landed, f"data/train-0000{n}-of-00002.parquet") for n in range(2)]
    parsed = SOURCES[V2].parse(parts, POLICY)
    assert (parsed.source_rows, parsed.models["path"].n_unique()) == (6, 2)
    assert SOURCES[V2].parse([], POLICY).source_rows == 0


@pytest.mark.parametrize("source_id", [V1, V2])
def test_only_the_tables_files_are_wanted(source_id: str) -> None:
    wants = SOURCES[source_id].wants
    assert wants("data/train-00000-of-00001.parquet") and wants("table.csv")
    assert not any(map(wants, ["README.md", ".gitattributes", "a/b/c.parquet", "data/train.json"]))


def test_reading_a_table_sends_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def ask(*args: object, **options: object) -> None:
        asked.append(args)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", ask)
    monkeypatch.setattr(socket, "getaddrinfo", ask)
    assert parse(V2).source_rows == 3
    assert asked == []


@pytest.mark.parametrize("path", ["data/train.parquet", "table.csv"])
@pytest.mark.parametrize("landed", [b"", b"PAR1", b"\xff\xfe\x00" * 40, content(V2, PROOF)[:5000]])
def test_bytes_that_are_not_a_table_are_one_clear_line(landed: bytes, path: str) -> None:
    with pytest.raises(SourceError) as caught:
        SOURCES[V2].parse([file(V2, landed, path)], POLICY)
    text = str(caught.value)
    assert f"{path} of open-llm-leaderboard/contents at cccccccccccc" in text and "\n" not in text


@settings(max_examples=60)
@given(st.data())
def test_damaged_bytes_raise_nothing_but_a_source_error(data: st.DataObject) -> None:
    landed = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(landed) - 1))
        landed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(landed) // 2, len(landed)))
    try:
        parsed = SOURCES[V2].parse([file(V2, bytes(landed[:cut]))], POLICY)
    except SourceError as error:
        assert "data/train-00000-of-00001.parquet" in str(error)
    else:
        assert parsed.models.height == parsed.source_rows == parsed.parameter_claims.height


TEXTS = st.one_of(
    st.none(), st.text(max_size=40), st.sampled_from(['<a href="x">y</a>', "a/b", "\x00", "()", "[", "￿"])
)
CELLS = st.fixed_dictionaries(
    dict.fromkeys(("fullname", "Model", "Precision", "Type", "Architecture", "Base Model", "Submission Date"), TEXTS)
    | {name: st.one_of(st.none(), st.floats()) for name in ("#Params (B)", "GPQA Raw", "GPQA")}
)


@settings(max_examples=40)
@given(st.lists(CELLS, min_size=1, max_size=8))
def test_no_cell_raises_and_every_record_is_stored_or_quarantined(rows: list[dict[str, Any]]) -> None:
    parsed = parse(V2, *rows)
    n_parsed = parsed.scores.height + parsed.models.height + parsed.parameter_claims.height
    assert parsed.models.height == parsed.parameter_claims.height == len(rows) + 3
    assert parsed.scores.height == 3 + sum(row["GPQA Raw"] is not None for row in rows)
    kept = apply_rules(parsed, SOURCES[V2], POLICY.benchmarks)
    stored = kept.scores.height + kept.models.height + kept.parameter_claims.height
    assert stored + kept.quarantine.height == n_parsed
    assert kept.scores["score_raw"].is_finite().all()


WHOLE = content(V2, [*PROOF, *({"fullname": f"org/model-{n}"} for n in range(5))])
