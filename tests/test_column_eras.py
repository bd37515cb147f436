"""Every known set of columns of the leaderboards' tables gives the same canonical frame; others are refused."""

from __future__ import annotations

import io
import re
from typing import Any

import polars as pl
import pytest

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES

POLICY = read_policy()
ERAS = POLICY.frame("column_eras")
V1, V2 = "olb_v1_contents", "olb_v2_contents"
ALL = ERAS.select("source_id", "era").unique(maintain_order=True).rows()
N_COLUMNS = {
    (V2, "table_2025"): 36,
    (V2, "export_2024_08"): 31,
    (V2, "export_2024_11"): 32,
    (V2, "snake_case_2024_08"): 35,
    (V2, "api_2025"): 40,
    (V1, "table_2024"): 26,
    (V1, "export_2024_07"): 22,
}
KINDS = {"number", "flag", "date", "text", "ignored"}
NAMES = ["mistralai/Mixtral-8x7B-v0.1", "mistralai/Mistral-7B-v0.1", "meta-llama/Meta-Llama-3-8B"]
# Flags that a table version publishes with the opposite meaning.
INVERTED = {
    "export_2024_08": ["is_merge", "is_moe", "is_flagged"],
    "export_2024_11": ["is_merge", "is_moe", "is_flagged"],
    "snake_case_2024_08": ["is_merge", "is_moe", "is_flagged"],
    "table_2024": ["is_merge", "is_moe", "is_flagged"],
    "export_2024_07": ["is_merge", "is_moe", "is_flagged"],
}
NORM_OF_A_HALF = {"ifeval_olb_v2": 50.0, "math_lvl5_olb_v2": 50.0, "gpqa_olb_v2": 100 / 3, "mmlu_pro_olb_v2": 400 / 9}


def table(source_id: str, era: str) -> pl.DataFrame:
    """Three models of an era: the first is a mixture of experts, none is merged or flagged, and all scores are one
    half."""
    columns = ERAS.filter((pl.col("source_id") == source_id) & (pl.col("era") == era))
    wanted = columns.select("published_column", "canonical_column", "kind", "decimals")
    return pl.DataFrame(
        {name: cells(era, canonical or "", kind, decimals) for name, canonical, kind, decimals in wanted.iter_rows()}
    )


def cells(era: str, canonical: str, kind: str, decimals: str | None) -> list[Any]:
    if canonical in ("fullname", "model_cell"):
        return NAMES
    if canonical.startswith("norm:"):
        return [round(NORM_OF_A_HALF.get(canonical.removeprefix("norm:"), 1.0), int(decimals or 15))] * 3
    if kind == "flag":
        straight = {"is_moe": [True, False, False], "is_merge": [False] * 3, "is_flagged": [False] * 3}
        values = straight.get(canonical, [True] * 3)
        return [not value for value in values] if canonical in INVERTED.get(era, []) else values
    texts = {"precision": "bfloat16", "model_type": "🟢 pretrained"}
    return [{"number": 0.5, "date": "2024-05-05", "ignored": "✨"}.get(kind) or texts.get(canonical, "text")] * 3


def parse(source_id: str, frame: pl.DataFrame, path: str = "data/train.parquet") -> Parsed:
    buffer = io.BytesIO()
    if path.endswith(".csv"):
        frame.write_csv(buffer)
    else:
        frame.write_parquet(buffer)
    content = buffer.getvalue()
    version = FileVersion("dataset", "o/contents", path, "c" * 40, "b" * 40, len(content), "2025-01-01T00:00:00Z")
    return SOURCES[source_id].parse([SourceFile(version, content)], POLICY)


def test_every_era_has_the_number_of_columns_that_was_published() -> None:
    counted = {(source_id, era): n for source_id, era, n in ERAS.group_by("source_id", "era").len().iter_rows()}
    assert counted == N_COLUMNS


def test_every_column_has_a_known_kind_and_stored_ones_a_canonical_name() -> None:
    assert set(ERAS["kind"]) == KINDS
    assert ERAS.filter((pl.col("kind") == "ignored") != pl.col("canonical_column").is_null()).is_empty()
    assert ERAS["source_url"].str.starts_with("https://").all()
    assert ERAS.filter(pl.struct("source_id", "era", "published_column").is_duplicated()).is_empty()
    stored = ERAS.filter(pl.col("kind") != "ignored")
    assert stored.filter(pl.struct("source_id", "era", "canonical_column").is_duplicated()).is_empty()


def test_benchmark_columns_name_known_variants_of_their_leaderboard() -> None:
    scored = ERAS.filter(pl.col("canonical_column").str.contains(":"))
    variants = scored.select("source_id", "era", pl.col("canonical_column").str.split(":").list.last().alias("variant"))
    assert set(variants["variant"]) <= set(POLICY.benchmarks["variant_id"])
    per_era = variants.unique().group_by("source_id", "era").len()
    assert per_era["len"].unique().to_list() == [6]


@pytest.mark.parametrize(("source_id", "era"), ALL)
@pytest.mark.parametrize("path", ["data/train.parquet", "table.csv"])
def test_every_era_gives_the_same_frame(source_id: str, era: str, path: str) -> None:
    parsed = parse(source_id, table(source_id, era), path)
    assert parsed.drift == []
    assert (parsed.source_rows, parsed.scores.height, parsed.models.height) == (3, 18, 3)
    assert parsed.scores["score_raw"].to_list() == [0.5] * 18
    assert parsed.scores["score_norm_published_pct"].null_count() == (0 if source_id == V2 else 18)
    assert set(parsed.scores["source_name"]) == set(NAMES)
    assert set(parsed.scores["score_unit"]) == {"fraction" if source_id == V2 else "percent"}
    assert set(parsed.scores["has_chat_template"]) == {None if era == "export_2024_07" else True}
    assert parsed.parameter_claims["params"].to_list() == [500_000_000] * 3
    model = parsed.models.row(0, named=True)
    assert (model["precision"], model["tuning"], model["submitted_on"].isoformat()) == (
        "bfloat16",
        "base",
        "2024-05-05",
    )
    flags = parsed.models.select("is_moe", "is_merge", "is_flagged", "is_available").rows()
    assert flags == [(True, False, False, True), (False, False, False, True), (False, False, False, True)]


@pytest.mark.parametrize(("source_id", "era"), ALL)
def test_a_missing_stored_column_is_refused_in_every_era(source_id: str, era: str) -> None:
    frame = table(source_id, era)
    stored = ERAS.filter(
        (pl.col("source_id") == source_id) & (pl.col("era") == era) & (pl.col("canonical_column") == "params_b")
    )
    name = stored["published_column"][0]
    with pytest.raises(ContractError, match=f"{era}.*{re.escape(repr(name))} .number. is missing"):
        parse(source_id, frame.drop(name))


def test_a_renamed_column_is_refused_with_the_likely_new_name() -> None:
    frame = table(V2, "table_2025").rename({"GPQA Raw": "GPQA raw"})
    with pytest.raises(ContractError, match=r"'GPQA Raw' \(number\) is missing \(renamed to 'GPQA raw'\?\)") as caught:
        parse(V2, frame)
    text = str(caught.value)
    assert "table_2025" in text and "data/train.parquet" in text and "cccccccccccc" in text and "\n" not in text


def test_a_rename_is_not_taken_for_an_older_era_with_fewer_columns() -> None:
    with pytest.raises(ContractError, match=r"'fullname'.*renamed to 'full_name'"):
        parse(V1, table(V1, "table_2024").rename({"fullname": "full_name"}))


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("GPQA Raw", "0.5", "'GPQA Raw' should be number and is String"),
        ("GPQA Raw", True, "'GPQA Raw' should be number and is Boolean"),
        ("#Params (B)", "7B", "should be number and is String"),
        ("MoE", 1, "'MoE' should be flag and is Int64"),
        ("MoE", "yes", "'MoE' should be flag and is String"),
        ("fullname", 7, "'fullname' should be text and is Int64"),
        ("fullname", ["org/model"], "'fullname' should be text and is List"),
        ("Submission Date", 20240505, "'Submission Date' should be date and is Int64"),
    ],
)
def test_a_retyped_column_is_refused(column: str, cell: object, message: str) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        parse(V2, table(V2, "table_2025").with_columns(pl.Series(column, [cell] * 3)))


def test_flags_as_whole_numbers_or_text_have_the_right_type() -> None:
    frame = table(V2, "table_2025").with_columns(
        pl.Series("#Params (B)", [47, 7, 8], pl.Int64), pl.Series("MoE", ["TRUE", "False", "false"])
    )
    parsed = parse(V2, frame)
    assert parsed.parameter_claims["params"].to_list() == [47_000_000_000, 7_000_000_000, 8_000_000_000]
    assert parsed.models["is_moe"].to_list() == [True, False, False]


def test_a_blank_flag_is_null_not_false() -> None:
    frame = table(V2, "table_2025")
    frame = frame.with_columns(pl.Series("MoE", ["true", "", "false"]), pl.Series("Chat Template", [""] * 3))
    parsed = parse(V2, frame)
    assert parsed.models["is_moe"].to_list() == [True, None, False]
    assert set(parsed.scores["has_chat_template"]) == {None}


@pytest.mark.parametrize("column", ["GPQA Raw", "MoE", "fullname", "Submission Date"])
@pytest.mark.parametrize("dtype", [pl.Null, pl.String, pl.Float64, pl.List(pl.Int64)])
def test_a_column_without_a_value_fits_whatever_its_type(column: str, dtype: pl.DataType) -> None:
    parsed = parse(V2, table(V2, "table_2025").with_columns(pl.Series(column, [None] * 3, dtype)))
    assert parsed.scores.height == (15 if column == "GPQA Raw" else 18)
    assert parsed.models.height == 3


def test_an_unknown_column_is_reported_and_the_table_loads() -> None:
    parsed = parse(V2, table(V2, "table_2025").with_columns(pl.lit(0.1).alias("HLE Raw")))
    assert parsed.scores.height == 18
    (finding,) = [finding for finding in parsed.drift if finding.kind == "unknown_columns"]
    assert "'HLE Raw'" in finding.message and "table_2025" in finding.message and not finding.is_held


def test_a_column_that_is_not_stored_may_vanish_or_change_its_type_and_is_reported() -> None:
    parsed = parse(V2, table(V2, "table_2025").drop("CO₂ cost (kg)").with_columns(pl.lit("many").alias("Hub ❤️")))
    assert parsed.scores.height == 18
    (finding,) = [finding for finding in parsed.drift if finding.kind == "missing_columns"]
    assert "CO₂ cost (kg)" in finding.message


def test_a_table_without_rows_is_an_error_of_that_source() -> None:
    with pytest.raises(SourceError, match=r"data/train\.parquet of o/contents at cccccccccccc"):
        parse(V2, table(V2, "table_2025").clear())


def test_another_table_altogether_is_refused() -> None:
    with pytest.raises(ContractError, match="no known era"):
        parse(V1, pl.DataFrame({"key": ["gpt-4"], "MMLU": ["0.864"]}))
