"""A snapshot drops into the article as it is, is the same bytes for the same state, and can be checked."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, v2_row

from leaderboard_etl.errors import UsageError
from leaderboard_etl.export.snapshot import make_snapshot, write_snapshot
from leaderboard_etl.export.verify import verify_snapshot
from leaderboard_etl.export.tables import EXPORTS, Export, number, text, written

# https://huggingface.co/spaces/tfrere/research-article-template: the columns that the article's chart reads.
SCALING_COLUMNS = [
    *("model", "organization", "openness", "benchmark", "variant", "score_pct", "params_b", "params_kind"),
    *("params_method", "is_moe", "released_on", "release_year", "score_source", "source_url", "reported_by"),
]


@pytest.fixture
def published(world: World) -> World:
    world.night(1)
    return world


def scaling(folder: Path) -> list[dict[str, str]]:
    with (folder / "model_scaling.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_scaling_file_has_the_articles_columns_and_no_blank_where_it_is_plotted(
    published: World, tmp_path: Path
) -> None:
    write_snapshot(published.warehouse, tmp_path / "out", None)
    rows = scaling(tmp_path / "out")
    assert list(rows[0]) == SCALING_COLUMNS
    assert all(row["score_pct"] and float(row["params_b"]) > 0 for row in rows)
    assert {row["openness"] for row in rows} <= {"Open", "Proprietary"}


def test_open_rows_come_first_and_then_by_size(published: World, tmp_path: Path) -> None:
    write_snapshot(published.warehouse, tmp_path / "out", None)
    keys = [(row["openness"], float(row["params_b"])) for row in scaling(tmp_path / "out")]
    assert keys == sorted(keys)


def test_models_without_a_size_are_counted_in_the_manifest_not_drawn_at_zero(published: World, tmp_path: Path) -> None:
    manifest = write_snapshot(published.warehouse, tmp_path / "out", None)
    left_out = {(r["comparable_group"], r["openness"]): r["n_without_size"] for r in manifest["excluded"]}
    assert left_out["mmlu_reported", "proprietary"] > 0
    assert manifest["files"]["model_scaling.csv"]["rows"] == len(scaling(tmp_path / "out"))


def test_the_same_state_gives_the_same_bytes_after_further_nights(published: World) -> None:
    first = make_snapshot(published.warehouse, date(2025, 1, 1))
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
    published.night(2)
    assert make_snapshot(published.warehouse, date(2025, 1, 1)) == first


def test_without_a_date_a_snapshot_is_as_of_the_last_load(published: World) -> None:
    assert make_snapshot(published.warehouse, None) == make_snapshot(published.warehouse, date(2025, 1, 1))


def test_a_sample_warehouse_says_so(published: World, tmp_path: Path) -> None:
    assert write_snapshot(published.warehouse, tmp_path / "out", None)["hub"] == "sample"


@pytest.mark.parametrize("damage", ["change", "remove", "add"])
def test_verify_finds_every_kind_of_damage(published: World, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    write_snapshot(published.warehouse, out, None)
    findings, word = verify_snapshot(published.warehouse, out)
    assert all(finding.problem is None for finding in findings) and word.startswith("recomputed")
    file = out / "model_scaling.csv"
    if damage == "change":
        file.write_bytes(file.read_bytes().replace(b"Open", b"open", 1))
    elif damage == "remove":
        file.unlink()
    else:
        (out / "extra.csv").write_text("x\n")
    findings, _ = verify_snapshot(published.warehouse, out)
    assert next(f.name for f in findings if f.problem) == ("extra.csv" if damage == "add" else file.name)


def test_a_folder_with_other_things_in_it_is_not_overwritten(published: World, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="no snapshot of ours"):
        write_snapshot(published.warehouse, tmp_path, None)
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_an_earlier_snapshot_is_replaced_whole(published: World, tmp_path: Path) -> None:
    write_snapshot(published.warehouse, tmp_path / "out", None)
    (tmp_path / "out" / "stale.csv").write_text("x\n")
    write_snapshot(published.warehouse, tmp_path / "out", None)
    assert not (tmp_path / "out" / "stale.csv").exists()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {e.name for e in EXPORTS} | {
        "manifest.json",
        "build.json",
    }


def test_the_benchmark_file_is_a_full_grid(published: World) -> None:
    rows = json.loads(make_snapshot(published.warehouse, None)["llm_benchmarks.json"])
    benchmarks, models = {row["benchmark"] for row in rows}, {row["model"] for row in rows}
    assert len(rows) == len(benchmarks) * len(models) > 0


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("score_pct", 86.4, "86.40"),
        ("score_pct", 0.125, "0.12"),  # half to even
        ("score_pct", 0.375, "0.38"),
        ("params_b", 46.7029, "46.7"),
        ("params_b", 0.13456, "0.1346"),
        ("params_b", 671.0, "671"),
        ("release_year", 2024.5, "2024.5"),
    ],
)
def test_numbers_are_written_as_their_column_says(name: str, value: float, shown: str) -> None:
    assert number(name, value) == shown


@given(value=st.floats(1e-6, 1e6))
def test_a_size_keeps_four_digits_and_never_an_exponent(value: float) -> None:
    shown = number("params_b", value)
    assert "e" not in shown.lower()
    assert float(shown) == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize("cell", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert text(cell) == f"'{cell}"


def test_a_blank_in_a_plotted_column_is_refused() -> None:
    frame = pl.DataFrame({"score": [None], "x": ["a"]}, schema={"score": pl.Float64, "x": pl.String})
    with pytest.raises(ValueError, match="blank cells"):
        written(Export("t.csv", ("score",)), frame)
