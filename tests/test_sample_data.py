"""The bundled snapshot: real formats, real scores, a source for every file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from faulty_hub import HubServer
from huggingface_hub import HfApi, ModelCard

from leaderboard_etl.sample import sample_root

ROOT = sample_root()
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
CARDS = [path for path in FILES if path.endswith("README.md")]
V2 = "datasets/open-llm-leaderboard/contents/data/train-00000-of-00001.parquet"
V1 = "datasets/open-llm-leaderboard-old/contents/data/train-00000-of-00001.parquet"
TEXT_FIRST = ["eval_name", "Precision", "Type", "T", "Weight type", "Architecture", "Model", "fullname", "Model sha"]


def columns(text: str, dtype: pl.DataType) -> dict[str, pl.DataType]:
    return dict.fromkeys(text.split(","), dtype)


V2_COLUMNS = (
    dict.fromkeys(TEXT_FIRST, pl.String())
    | columns("Average ⬆️", pl.Float64())
    | columns("Hub License", pl.String())
    | columns("Hub ❤️", pl.Int64())
    | columns("#Params (B)", pl.Float64())
    | columns("Available on the hub,MoE,Flagged,Chat Template", pl.Boolean())
    | columns("CO₂ cost (kg),IFEval Raw,IFEval,BBH Raw,BBH,MATH Lvl 5 Raw,MATH Lvl 5", pl.Float64())
    | columns("GPQA Raw,GPQA,MUSR Raw,MUSR,MMLU-PRO Raw,MMLU-PRO", pl.Float64())
    | columns("Merged,Official Providers", pl.Boolean())
    | columns("Upload To Hub Date,Submission Date", pl.String())
    | columns("Generation", pl.Int64())
    | columns("Base Model", pl.String())
)
V1_COLUMNS = (
    dict.fromkeys(TEXT_FIRST, pl.String())
    | columns("Average ⬆️", pl.Float64())
    | columns("Hub License", pl.String())
    | columns("Hub ❤️", pl.Int64())
    | columns("#Params (B)", pl.Float64())
    | columns("Available on the hub,Merged,MoE,Flagged", pl.Boolean())
    | columns("date", pl.String())
    | columns("Chat Template", pl.Boolean())
    | columns("ARC,HellaSwag,MMLU,TruthfulQA,Winogrande,GSM8K", pl.Float64())
    | columns("Maintainers Choice", pl.Boolean())
)


def table(path: str) -> pl.DataFrame:
    return pl.read_parquet(ROOT / path)


def rows(path: str, name: str) -> pl.DataFrame:
    return table(path).filter(pl.col("fullname") == name)


@pytest.mark.parametrize(("path", "expected"), [(V2, V2_COLUMNS), (V1, V1_COLUMNS)])
def test_the_tables_have_the_published_columns_order_and_dtypes(path: str, expected: dict[str, pl.DataType]) -> None:
    assert list(table(path).schema.items()) == list(expected.items())


@pytest.mark.parametrize("path", [V2, V1])
def test_a_row_is_one_model_at_one_precision(path: str) -> None:
    frame = table(path)
    assert frame.height >= 80
    assert not frame.select(pl.struct("fullname", "Precision").is_duplicated().any()).item()
    rule = pl.concat_str(pl.col("fullname").str.replace_all("/", "_"), pl.col("Precision"), separator="_")
    assert frame.select((pl.col("eval_name") == rule).all()).item()


def test_there_are_enough_models_and_the_snapshot_is_small() -> None:
    cards = {path.removeprefix("models/").removesuffix("/README.md") for path in CARDS}
    assert len(set(table(V2)["fullname"]) | set(table(V1)["fullname"]) | cards) >= 150
    assert 25 <= len(cards) <= 40
    assert sum((ROOT / path).stat().st_size for path in FILES) < 400_000


def test_every_file_has_a_provenance_line_and_every_line_a_file_and_a_source() -> None:
    with (ROOT.parent / "provenance.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert sorted({line["path"] for line in lines}) == FILES
    for line in lines:
        assert line["source_url"].startswith("https://") and line["what"] and line["source_license"], line
        if "github.com" in line["source_url"]:
            assert re.search(r"/blob/[0-9a-f]{40}/[\w./-]+$", line["source_url"]), f"not a file at a commit: {line}"


@pytest.mark.parametrize("path", CARDS)
def test_a_card_parses_as_the_hub_client_reads_it(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    front = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(front, dict)
    assert getattr(ModelCard(text).data, "license", None) == front.get("license")
    assert len(text.split("---\n", 2)[2].strip().splitlines()) <= 4, "the body is ours and short"


def test_cards_report_humaneval_in_every_published_shape() -> None:
    values = []
    for path in CARDS:
        front = yaml.safe_load((ROOT / path).read_text(encoding="utf-8").split("---\n")[1])
        for result in (r for entry in front.get("model-index", []) for r in entry["results"]):
            if result["dataset"]["name"] == "HumanEval":
                values += [metric["value"] for metric in result["metrics"]]
    assert {type(value) for value in values} == {float, str}
    assert "67.6%" in values and 0.732 in values


def test_configs_hold_experts_in_more_than_one_way() -> None:
    configs = [json.loads((ROOT / path).read_text()) for path in FILES if path.endswith("config.json")]
    assert all(config["model_type"] and config["architectures"] for config in configs)
    keys = {
        key for config in configs for key in (*config, *config.get("ffn_config", {}), *config.get("text_config", {}))
    }
    assert {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"} <= keys


@pytest.mark.parametrize(
    ("score", "raw", "baseline"),
    [
        ("IFEval", "IFEval Raw", 0.0),
        ("MATH Lvl 5", "MATH Lvl 5 Raw", 0.0),
        ("GPQA", "GPQA Raw", 0.25),
        ("MMLU-PRO", "MMLU-PRO Raw", 0.1),
    ],
)
def test_the_published_normalised_score_recomputes_from_the_raw_one(score: str, raw: str, baseline: float) -> None:
    computed = ((pl.col(raw) - baseline) / (1 - baseline) * 100).clip(lower_bound=0)
    worst = table(V2).select((computed - pl.col(score)).abs().max()).item()
    assert worst < 1e-9


@pytest.mark.parametrize("path", [V2, V1])
def test_the_average_is_the_mean_of_the_six_scores(path: str) -> None:
    six = ["IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO"]
    if path == V1:
        six = ["ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"]
    worst = table(path).select((pl.mean_horizontal(six) - pl.col("Average ⬆️")).abs().max()).item()
    assert worst < (0.011 if path == V1 else 1e-9)  # v1 is published with two decimals


def test_v1_flags_are_inverted_as_published_and_v2_flags_are_not() -> None:
    assert rows(V1, "Contamination/contaminated_proof_7b_v1.0")["Flagged"].to_list() == [False]
    assert rows(V1, "mistralai/Mixtral-8x7B-v0.1")["MoE"].to_list() == [False] * 3
    assert rows(V1, "mistralai/Mistral-7B-v0.1").select("MoE", "Flagged", "Merged").row(0) == (True, True, True)
    assert rows(V2, "newsbang/Homer-v0.5-Qwen2.5-7B")["Flagged"].to_list() == [True]
    assert set(rows(V2, "mistralai/Mixtral-8x7B-v0.1")["MoE"]) == {True}
    for flag in ("MoE", "Flagged", "Merged"):
        assert table(V1)[flag].sum() > table(V1).height / 2 and table(V2)[flag].sum() < table(V2).height / 2


def test_the_known_oddities_of_the_tables_are_included() -> None:
    v2, v1 = table(V2), table(V1)
    assert rows(V2, "databricks/dbrx-base")["#Params (B)"].to_list() == [0.0] and (v2["#Params (B)"] == -1).any()
    assert sorted(rows(V2, "mistralai/Mixtral-8x7B-v0.1")["Precision"]) == ["bfloat16", "float16"]
    assert {"DeepMount00/Llama-3.1-8b-ITA", "DeepMount00/Llama-3.1-8b-Ita"} <= set(v2["fullname"])
    assert (v2["Base Model"] == "Removed").any() and v2["Base Model"].str.ends_with(" (Merge)").any()
    assert v2["Submission Date"].has_nulls() and (v2["Weight type"] == "Adapter").any()
    assert {"gpt2", "AA051611/O0201", "huggyllama/llama-65b"} <= set(v1["fullname"])
    assert v1["date"].has_nulls() and (~v1["date"].str.ends_with("Z")).any()
    cell = rows(V2, "gpt2")["Model"][0]
    assert cell.startswith('<a target="_blank" href="https://huggingface.co/gpt2"') and "📑" in cell


def test_the_snapshot_is_served_with_its_safetensors_counts_and_cards(tmp_path: Path) -> None:
    with HubServer(ROOT) as hub:
        api = HfApi(endpoint=hub.url, token=False)
        counts = api.model_info("gpt2", expand=["safetensors"]).safetensors
        assert counts is not None and counts.total == 137_022_720
        assert api.model_info("HuggingFaceH4/zephyr-7b-beta").card_data.license == "mit"  # type: ignore[union-attr]
        repo = "open-llm-leaderboard/contents"
        path = api.hf_hub_download(repo, V2.split("contents/")[1], repo_type="dataset", cache_dir=tmp_path)
        assert Path(path).read_bytes() == (ROOT / V2).read_bytes()
