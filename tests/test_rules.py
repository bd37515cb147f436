"""Every record that breaks a rule is in quarantine with its text and the rule; no record is lost or stored in spite of
a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard_etl.policy import read_policy
from leaderboard_etl.sources.base import Parsed, parsed_frame
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.rules import apply_rules

BENCHMARKS = read_policy().benchmarks
HUB = Source(
    source_id="s",
    title="",
    repo_type="dataset",
    parse=lambda files, policy: Parsed(),
    wants=lambda path: True,
    reported_by=(),
    left_out="",
    left_out_because="",
    works=(),
)
CURATED = replace(HUB, repo_type="project", names="model_id")
PLACE = {"repo_type": "dataset", "repo_id": "o/n", "revision": "r", "path": "p", "blob_id": "b", "locator": "row 0"}
KEY = {"source_id": "s", "source_name": "org/model", "precision": "bfloat16"}


def score(**changes: Any) -> dict[str, Any]:
    row = {
        **KEY,
        **PLACE,
        "variant_id": "mmlu_olb_v1",
        "has_chat_template": False,
        "run_id": "n/a",
        "score_raw": 50.0,
        "score_unit": "percent",
        "reported_by": "leaderboard",
    }
    return row | changes


def judged(*rows: dict[str, Any], source: Source = HUB) -> tuple[pl.DataFrame, list[str]]:
    frame = pl.DataFrame(list(rows), schema_overrides={"score_raw": pl.Float64}, infer_schema_length=None)
    parsed = apply_rules(Parsed(scores=parsed_frame("scores", frame)), source, BENCHMARKS)
    assert parsed.scores.height + parsed.quarantine.height == len(rows)
    return parsed.scores, parsed.quarantine["rule"].to_list()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"score_raw": 1e9}, "score_raw|range"),
        ({"score_raw": -3.0}, "score_raw|range"),
        ({"score_raw": float("nan")}, "score_raw|number"),
        ({"score_raw": float("inf")}, "score_raw|number"),
        ({"score_raw": None}, "score_raw|number"),
        ({"score_unit": "elo"}, "score_unit|scale"),
        ({"variant_id": "mmlu_of_the_future"}, "variant_id|known"),
        ({"source_name": "org/" + "m" * 300}, "source_name|form"),
        ({"source_name": "../../etc/passwd"}, "source_name|form"),
        ({"source_name": 'org/<b onclick="x">m</b>'}, "source_name|form"),
        ({"source_name": 'org/it\'s "quoted"'}, "source_name|form"),
        ({"source_name": "org/a/b"}, "source_name|form"),
        ({"source_name": ""}, "source_name|form"),
        ({"source_name": None}, "source_name|form"),
    ],
)
def test_a_record_that_breaks_a_rule_is_quarantined_under_that_rule(changes: dict[str, Any], rule: str) -> None:
    kept, rules = judged(score(), score(source_name="org/other") | changes)
    assert kept["source_name"].to_list() == ["org/model"]
    assert rules == [rule]


def test_a_second_record_with_one_key_is_quarantined_and_the_first_kept() -> None:
    kept, rules = judged(score(score_raw=1.0), score(score_raw=2.0))
    assert kept["score_raw"].to_list() == [1.0]
    assert rules == ["key|unique"]


def test_a_fraction_instead_of_a_percentage_is_the_same_score_in_another_unit() -> None:
    kept, rules = judged(score(score_raw=0.5, score_unit="fraction"))
    assert kept.height == 1 and rules == []


def test_a_curated_name_may_have_spaces_but_no_markup() -> None:
    kept, rules = judged(score(source_name="GPT-4 (March)"), score(source_name="<i>x</i>"), source=CURATED)
    assert kept["source_name"].to_list() == ["GPT-4 (March)"]
    assert rules == ["source_name|form"]


def test_the_offending_text_and_its_place_are_kept() -> None:
    frame = parsed_frame("scores", pl.DataFrame([score(score_raw=1e9, locator="row 7, MMLU")]))
    row = apply_rules(Parsed(scores=frame), HUB, BENCHMARKS).quarantine.to_dicts()[0]
    assert "1000000000.0" in row["offending_text"]
    assert (row["path"], row["locator"], row["source_name"]) == ("p", "row 7, MMLU", "org/model")


@pytest.mark.parametrize("params", [0, -1, 10**15])
def test_an_impossible_size_is_quarantined(params: int) -> None:
    claim = {**KEY, **PLACE, "kind": "total", "method": "leaderboard", "params": params}
    parsed = apply_rules(
        Parsed(parameter_claims=parsed_frame("parameter_claims", pl.DataFrame([claim]))), HUB, BENCHMARKS
    )
    assert parsed.parameter_claims.height == 0
    assert parsed.quarantine["rule"].to_list() == ["params|range"]


@given(name=st.text(max_size=400), raw=st.floats(), unit=st.sampled_from(["percent", "fraction", "points_10", "", "x"]))
@settings(max_examples=100)
def test_no_record_is_lost_whatever_it_holds(name: str, raw: float, unit: str) -> None:
    kept, rules = judged(score(source_name=name, score_raw=raw, score_unit=unit))
    assert kept.height + len(rules) == 1
