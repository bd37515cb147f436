"""`compare` puts models side by side, and says of a difference whether it is larger than its error."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from test_views import insert
from worlds import World

from leaderboard_etl.cli import main
from leaderboard_etl.commands.compare import _SCORES, _line, _rows


def compared(capsys: pytest.CaptureFixture[str], world: World, *arguments: str) -> tuple[int, str, str]:
    code = main(["compare", "-w", str(world.warehouse.root), *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_scores_of_one_group_stand_together_with_their_sources(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = compared(capsys, standing, "org/model-7b", "ORG/MODEL-13b", "--common", "--json")
    told = json.loads(out)
    assert code == 0 and [row["model_id"] for row in told["models"]] == ["org/model-7b", "org/model-13b"]
    by_group: dict[str, list[str]] = {}
    for row in told["scores"]:
        by_group.setdefault(row["comparable_group"], []).append(row["model_id"])
    assert by_group and set(map(tuple, by_group.values())) == {("org/model-7b", "org/model-13b")}
    assert all(row["source"] and row["reporter"] for row in told["scores"])
    code, out, _ = compared(capsys, standing, "org/model-7b", "org/model-13b")
    assert "Facts" in out and "params_total_b" in out and "where the values of org/model-7b came from" in out


def test_each_source_is_named_once_and_who_measured_in_words_of_its_own(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ("DeepSeek-R1", "gpt-4o-2024-05-13")
    _, out, _ = compared(capsys, standing, *models, "--json")
    scores = json.loads(out)["scores"]
    _, out, _ = compared(capsys, standing, *models)
    for text in {row[name] for row in scores for name in ("reporter", "source")}:
        assert sum(line.endswith(f"] {text}") for line in out.splitlines()) == 1 == out.count(f"] {text}\n"), text
    assert {row["self_reported"] for row in scores if "measured by" in row["benchmark"]} == {"measured by others"}
    names = (
        "benchmark",
        "model_id",
        "difference_is",
        "error_pct",
        "n_shot",
        "protocol",
        "setting",
        "reporter",
        "source",
    )
    row = dict.fromkeys(names) | {"score_pct": 1.0, "lo_pct": 1.0, "hi_pct": 1.0, "self_reported": "not stated"}
    told = _line(row | {"reported_by": "a table, which quotes others"}, {})
    assert told["from"] == "who measured is not stated (a table, which quotes others)"


def test_a_base_taken_by_its_own_name_says_which_tuned_release_is_called_alike_unless_its_owner_is_named(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "called like 'Llama-3.1-405B', and not shown: meta-llama/Llama-3.1-405B-Instruct\n"
    _, out, _ = compared(capsys, standing, "Llama-3.1-405B", "org/model-7b")
    assert told in out and "called like 'org/model-7b'" not in out
    _, out, _ = compared(capsys, standing, "meta-llama/Llama-3.1-405B", "org/model-7b")
    assert "meta-llama/Llama-3.1-405B" in out and "called like" not in out


@pytest.mark.parametrize(
    ("models", "word"),
    [
        (["org/model-7b"], "2 to 6 models; these are 1"),
        (["org/model-7b", "Org/Model-7B"], "these are 1: org/model-7b"),
        (["org/model-7b", "no such model"], "no model 'no such model'"),
        ([f"org/model-{n}b" for n in range(1, 8)], "these are 7"),
    ],
)
def test_too_few_too_many_and_unknown_models_are_one_line(
    models: list[str], word: str, standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = compared(capsys, standing, *models)
    assert (code, out, err.count("\n")) == (2, "", 1) and word in err


@pytest.mark.parametrize(
    ("errors_pct", "difference_pct", "word"),
    [
        ((1.0, 1.0), 2.8, "within its error"),
        ((1.0, 1.0), 2.9, "larger than its error"),
        ((1.0, None), 50.0, "no error is published"),
    ],
)
def test_a_difference_counts_beyond_two_standard_errors(
    empty: duckdb.DuckDBPyConnection, errors_pct: tuple[float, float | None], difference_pct: float, word: str
) -> None:
    with empty as con:
        con.execute("drop view mart.model_scaling")
        group = {"comparable_group": "g", "benchmark_id": "b", "display_name": "G", "is_headline": True}
        insert(con, "core.comparable_groups", **group, match_tolerance_pct=1.0, source_url="https://example.org")
        con.execute(
            "create table mart.model_scaling (comparable_group varchar, model_id varchar, score_pct double, stderr_pct double,"
            " lo_pct double, hi_pct double, n_shot integer, protocol varchar, setting varchar, reporter varchar,"
            " reported_by varchar, is_self_reported boolean, source_url varchar, score_source varchar)"
        )
        for model, score, error in zip("ab", (50.0, 50.0 + difference_pct), errors_pct, strict=True):
            con.execute(
                "insert into mart.model_scaling by name"
                " select 'g' as comparable_group, ? as model_id, ?::double as score_pct, ?::double as stderr_pct",
                [model, score, error],
            )
        first, second = _rows(con, _SCORES, ["a", "b"])
    assert (first["difference_is"], second["difference_is"]) == (None, word)
    assert second["difference_pct"] == pytest.approx(difference_pct)
    assert (first["error_pct"], second["error_pct"]) == (None, None if errors_pct[1] is None else 2.83)


def test_a_past_day_is_compared_as_it_was(
    published: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pair = ("org/model-7b", "org/model-13b")
    _, now, _ = compared(capsys, published, *pair, "--json")
    code, then, _ = compared(capsys, published, *pair, "--json", "--as-of", "2025-06-01")
    assert code == 0 and json.loads(then)["models"] == json.loads(now)["models"]
