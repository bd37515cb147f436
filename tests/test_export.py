"""The article's files have the columns, formats and nulls that its template can read, and state what they leave out."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, files_in

from leaderboard_etl.export.manifest import TYPES
from leaderboard_etl.export.tables import EXPORTS, Export, number, query, text, written
from leaderboard_etl.policy import read_policy
from leaderboard_etl.warehouse.database import create_macros

# The columns that the article's charts read, in their agreed order; other columns may follow.
# https://huggingface.co/spaces/tfrere/research-article-template
CONTRACT = {
    "model_scaling.csv": [
        *("model", "organization", "openness", "benchmark", "variant", "score_pct", "params_b", "params_kind"),
        *("params_method", "is_moe", "released_on", "release_year", "score_source", "source_url", "reported_by"),
    ],
    "model_scaling_fit.csv": ["openness", "params_b", "score_pct", "lo_pct", "hi_pct"],
    "llm_benchmarks.json": ["benchmark", "model", "score"],
    "frontier_gap.csv": ["run_name", "release_year", "score_pct"],
    "open_closed_lags.csv": ["benchmark", "estimator", "closed_model", "open_model", "lag_days", "is_censored"],
}
CSV_NAMES = [export.name for export in EXPORTS if export.name.endswith(".csv")]


@dataclass
class Exported:
    """The files of a snapshot of the small world, and the database that they were made from."""

    files: dict[str, bytes]
    database: Path

    @property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.files["manifest.json"])
        return manifest

    def rows(self, name: str) -> list[dict[str, Any]]:
        shown = self.files[name].decode()
        rows: list[dict[str, Any]] = (
            json.loads(shown) if name.endswith(".json") else [*csv.DictReader(io.StringIO(shown))]
        )
        return rows

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.files[name])

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


@pytest.fixture(scope="module")
def exported(standing: World, drawn: Path) -> Exported:
    return Exported(files_in(drawn, without=("build.json", "README.md")), standing.warehouse.database)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_file_begins_with_the_columns_that_the_article_reads(exported: Exported, name: str) -> None:
    assert list(exported.rows(name)[0])[: len(CONTRACT[name])] == CONTRACT[name]


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.stem)
def test_no_cell_is_blank_where_it_is_plotted(exported: Exported, export: Export) -> None:
    rows = exported.rows(export.name)
    assert rows
    assert all(row[name] not in ("", None) for row in rows for name in export.plotted)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.stem)
def test_the_header_of_a_query_describes_the_columns_that_it_gives(exported: Exported, export: Export) -> None:
    description, columns = export.describe()
    assert description and all(column.comment for column in columns)
    assert [column.name for column in columns] == exported.table(export.parquet_name).columns


@pytest.mark.parametrize("name", CSV_NAMES)
def test_a_csv_file_is_plain_utf8_with_one_kind_of_line_end_and_no_exponents(exported: Exported, name: str) -> None:
    content = exported.files[name]
    assert b"\r" not in content and not content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\n")
    floats = {c["name"] for c in exported.manifest["files"][name]["columns"] if c["type"] == "double"}
    cells = [row[column] for row in exported.rows(name) for column in floats if row[column]]
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in cells)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.stem)
def test_parquet_holds_the_rows_of_the_text_file(exported: Exported, export: Export) -> None:
    frame = exported.table(export.parquet_name)
    assert written(export, frame) == exported.files[export.name]
    assert all(dtype.base_type() in TYPES for dtype in frame.dtypes)


def test_open_rows_come_first_and_then_by_size(exported: Exported) -> None:
    keys = [(row["openness"], float(row["params_b"])) for row in exported.rows("model_scaling.csv")]
    assert keys == sorted(keys) and {key[0] for key in keys} == {"Open", "Proprietary"}
    assert keys[0][1] > 0


WHOLE: dict[str, tuple[str, pl.Expr]] = {
    "model_scaling.csv": ("select count(*) from mart.model_scaling", pl.len()),
    "model_scaling_fit.csv": (
        "select count(*) from mart.scaling_fit where population = 'official' and era = 'all' and form in ('total', 'active')"
        " and openness in ('open_weights', 'proprietary')",
        pl.struct("comparable_group", "openness", "form").n_unique(),
    ),
    "llm_benchmarks.json": (
        "select count(distinct model_id) from mart.model_scaling where population = 'official'"
        " and comparable_group in ('mmlu_reported', 'gpqa_diamond_reported', 'humaneval_reported')",
        pl.col("model").n_unique(),
    ),
    "frontier_gap.csv": (
        "select count(*) from mart.model_scaling where population = 'official' and comparable_group = 'mmlu_reported'",
        pl.col("is_new_best").sum(),
    ),
    "open_closed_lags.csv": ("select count(*) from mart.gap_lag where population = 'official'", pl.len()),
    "moe_efficiency.csv": (
        "select count(distinct model_id) from mart.model_scaling where population = 'official' and benchmark = 'mmlu'",
        pl.len(),
    ),
    "license_classes.csv": ("select sum(n_models) from mart.license_classes", pl.col("n_models").sum()),
    "community_velocity.csv": ("select sum(submissions) from mart.community_velocity", pl.col("submissions").sum()),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_a_table_shows_and_what_it_leaves_out_add_up(exported: Exported, name: str) -> None:
    question, counted = WHOLE[name]
    with duckdb.connect(str(exported.database), read_only=True) as con:
        whole = con.execute(question).fetchall()[0][0]
    shown = exported.table(f"parquet/{Path(name).stem}.parquet").select(counted).item()
    assert shown + sum(row["n"] for row in exported.manifest["excluded"].get(name, [])) == whole > 0


def test_proprietary_models_without_a_size_are_named(exported: Exported) -> None:
    [row] = [
        row
        for row in exported.manifest["excluded"]["model_scaling.csv"]
        if row["comparable_group"] == "mmlu_reported" and row["reason"] == "size not published by the vendor"
    ]
    assert row["n"] == len(row["models"]) == row["n_scored"] - row["n_sized"] > 0
    assert "openai/gpt-4o-2024-05-13" in row["models"] or any("gpt-4o" in model for model in row["models"])


def test_the_coverage_file_counts_the_points_of_the_scaling_file(exported: Exported) -> None:
    drawn = exported.table("parquet/model_scaling.parquet").group_by("comparable_group", "openness").len()
    counted = exported.table("parquet/model_scaling_coverage.parquet").filter(pl.col("n_sized") > 0)
    both = counted.join(drawn, on=["comparable_group", "openness"], how="full", coalesce=True)
    assert both["n_sized"].to_list() == both["len"].to_list()
    assert (both["n_scored"] >= both["n_sized"]).all()


def test_a_score_is_either_beside_a_size_or_in_the_file_of_those_without_one(exported: Exported) -> None:
    sized, unsized = (exported.table(f"parquet/model_scaling{part}.parquet") for part in ("", "_unsized"))
    keys = ["comparable_group", "openness"]
    n_shown = pl.concat([sized.select(keys), unsized.select(keys)]).group_by(keys).len().sort(keys)
    coverage = exported.table("parquet/model_scaling_coverage.parquet").sort(keys)
    assert unsized.height > 0
    assert n_shown["len"].to_list() == coverage["n_scored"].to_list()


@pytest.mark.parametrize(("form", "why"), [("total", "no_line_reason"), ("active", "no_active_line_reason")])
def test_a_side_has_a_line_or_the_coverage_file_says_why_not(exported: Exported, form: str, why: str) -> None:
    keys = ["comparable_group", "openness"]
    lines = exported.table("parquet/model_scaling_fit.parquet").filter(form=form).select(keys).unique()
    coverage = exported.table("parquet/model_scaling_coverage.parquet")
    has_line = coverage.join(lines, on=keys, how="semi")
    assert 0 < has_line.height < coverage.height
    assert has_line[why].null_count() == has_line.height
    assert coverage.join(lines, on=keys, how="anti").filter(pl.col(why).is_null()).select(keys).is_empty()


@pytest.mark.parametrize(("form", "size"), [("total", "params_b"), ("active", "params_active_b")])
def test_a_fitted_line_is_of_the_points_that_are_drawn_and_lies_in_its_band(
    exported: Exported, form: str, size: str
) -> None:
    fits = exported.table("parquet/model_scaling_fit.parquet").filter(form=form)
    points = exported.table("parquet/model_scaling.parquet").drop_nulls(size)
    assert fits.height > 0
    for (group, side), line in fits.group_by("comparable_group", "openness"):
        drawn = points.filter(pl.col("comparable_group") == group, pl.col("openness") == side)
        # Models of one family with one size and score are one.
        [n_sized] = line["n_sized"].unique()
        assert drawn.select(size, "score_pct").n_unique() <= n_sized <= drawn.height
        assert (line["params_b"].min(), line["params_b"].max()) == (drawn[size].min(), drawn[size].max())
        assert line["params_b"].is_unique().all()
        assert ((line["lo_pct"] <= line["score_pct"]) & (line["score_pct"] <= line["hi_pct"])).all()


def test_every_headline_group_with_both_sides_has_a_frontier_of_its_own_and_the_first_file_stays_mmlu(
    exported: Exported,
) -> None:
    with duckdb.connect(str(exported.database), read_only=True) as con:
        question = "from mart.gap_sides join core.comparable_groups using (comparable_group)"
        rows = con.execute(
            f"select comparable_group {question} where is_headline and population = 'official' and compared_on is not null"
        ).fetchall()
    groups = {name.removeprefix("frontier_gap_").removesuffix(".csv") for name in exported.files if "/" not in name} & {
        group for (group,) in rows
    }
    assert groups == {group for (group,) in rows} and len(groups) > 2
    for group in groups:
        assert {row["comparable_group"] for row in exported.rows(f"frontier_gap_{group}.csv")} == {group}
    assert exported.files["frontier_gap.csv"] == exported.files["frontier_gap_mmlu_reported.csv"]


def test_the_frontier_holds_the_models_that_the_points_call_records(exported: Exported) -> None:
    frontier = exported.table("parquet/frontier_gap.parquet").filter("is_new_best")
    points = pl.concat(
        exported.table(f"parquet/model_scaling{part}.parquet")
        .filter(pl.col("is_record"), comparable_group="mmlu_reported")
        .select("model", "score_pct")
        for part in ("", "_unsized")
    )
    assert 0 < frontier.height <= points.height
    assert frontier.select("model", "score_pct").join(points, on=["model", "score_pct"], how="anti").is_empty()


def test_the_frontier_is_a_step_line_that_ends_with_observation(exported: Exported) -> None:
    frame = exported.table("parquet/frontier_gap.parquet")
    assert frame["run_name"].unique(maintain_order=True).to_list() == ["Open", "Proprietary"]
    for _, run in frame.group_by("run_name"):
        years, scores = run["release_year"].to_list(), run["score_pct"].to_list()
        assert years == sorted(set(years)) and scores == sorted(scores)
        assert years[-1] == pytest.approx(run["observed_through_year"][-1], abs=1e-5)
        pairs = itertools.pairwise(run.iter_rows(named=True))
        rises = [(a, b) for a, b in pairs if a["score_pct"] < b["score_pct"]]
        assert rises and all(b["is_new_best"] and b["release_year"] - a["release_year"] < 1.1 / 365 for a, b in rises)


def test_by_the_alphabet_of_side_proprietary_models_have_the_first_colour(exported: Exported) -> None:
    sides = (
        exported.table("parquet/frontier_gap.parquet")
        .group_by("side", maintain_order=True)
        .agg("run_name")
        .sort("side")
    )
    assert [(row["side"], *set(row["run_name"])) for row in sides.iter_rows(named=True)] == [
        ("Closed", "Proprietary"),
        ("Open", "Open"),
    ]


def test_the_benchmark_file_is_a_full_grid_of_at_most_six_models(exported: Exported) -> None:
    rows = exported.rows("llm_benchmarks.json")
    pairs = {(row["benchmark"], row["model"]) for row in rows}
    benchmarks, models = {row["benchmark"] for row in rows}, {row["model"] for row in rows}
    assert len(rows) == len(pairs) == len(benchmarks) * len(models)
    assert len(benchmarks) == 3 and 2 <= len(models) <= 6
    assert isinstance(rows[0]["score"], int | float)


def test_a_lag_that_has_not_ended_is_a_row_marked_as_such(exported: Exported) -> None:
    rows = exported.rows("open_closed_lags.csv")
    right = [row for row in rows if row["censoring"] == "right"]
    assert right and all(row["is_censored"] == "true" and row["reason"] for row in right)
    assert {row["is_censored"] for row in rows} == {"true", "false"}


def test_every_claim_of_the_article_is_there_with_a_verdict(exported: Exported) -> None:
    claims = {row["claim_id"]: row for row in exported.rows("claims.json")}
    assert set(claims) == set(read_policy().frame("claims")["claim_id"])
    assert {row["verdict"] for row in claims.values()} <= {"holds", "partly", "fails", "depends", "not measurable"}
    assert all(row["as_of_on"] == "2025-01-01" and row["evidence_query"] for row in claims.values())


def test_the_manifest_has_the_hash_of_every_query_and_of_every_view_that_it_reads(exported: Exported) -> None:
    facts = exported.manifest["files"]["frontier_gap.csv"]
    assert {"mart.gap_frontier", "mart.model_scaling", "mart.populations"} <= set(facts["views"])
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in [*facts["views"].values(), facts["query_sha256"]])


def test_the_manifest_has_the_citations_of_the_sources_loaded(exported: Exported) -> None:
    assert {row["source_id"] for row in exported.manifest["citations"]} <= set(exported.manifest["sources"])
    assert {"reference", "olb_v2_contents"} <= {row["source_id"] for row in exported.manifest["citations"]}


def test_other_tools_can_read_the_folder_by_its_descriptor(exported: Exported, tmp_path: Path) -> None:
    exported.write(tmp_path)
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "message"])
    rows = {task.name: task.stats.get("rows") for task in report.tasks if task.type in ("table", "json")}
    assert {name: rows[re.sub(r"[._]", "-", name)] for name in (export.name for export in EXPORTS)} == {
        export.name: exported.manifest["files"][export.name]["rows"] for export in EXPORTS
    }
    for table, sound, damaged in (
        ("model_scaling.csv", b",Open,", b",open,"),  # no value of its vocabulary
        ("license_classes.csv", None, b"2022,permissive,true,1,1,0,1\n" * 2),  # a key twice
    ):
        content = exported.files[table]
        changed = content + damaged if sound is None else content.replace(sound, damaged, 1)
        assert changed != content
        (tmp_path / table).write_bytes(changed)
        assert not _is_valid_without_its_hash(tmp_path, table)
        (tmp_path / table).write_bytes(content)


def _is_valid_without_its_hash(folder: Path, table: str) -> bool:
    """Whether a table has the keys and values that the descriptor allows, whatever its bytes."""
    descriptor = json.loads((folder / "datapackage.json").read_bytes())
    [resource] = [resource for resource in descriptor["resources"] if resource["path"] == table]
    del resource["hash"], resource["bytes"]
    (folder / "one.json").write_text(json.dumps(descriptor | {"resources": [resource]}))
    return bool(frictionless.validate(str(folder / "one.json")).valid)


def test_a_key_names_one_row(exported: Exported) -> None:
    for export in EXPORTS:
        keys = exported.table(export.parquet_name).select(export.key)
        assert keys.is_unique().all(), export.name
        assert export.has_blank_keys or keys.null_count().sum_horizontal().item() == 0


# In a process of its own: imported, its logging would close the streams that pytest captures.
READ_CROISSANT = """
import json, sys, mlcroissant
dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
errors = [*dataset.metadata.ctx.issues.errors]
print(json.dumps([errors, {name: sum(1 for _ in dataset.records(name)) for name in sys.argv[2:]}]))
"""


def test_machine_learning_tools_can_read_the_tables_by_their_description(exported: Exported, tmp_path: Path) -> None:
    exported.write(tmp_path)
    names = ("model_scaling", "claims")
    done = subprocess.run(
        [sys.executable, "-c", READ_CROISSANT, tmp_path / "croissant.json", *names], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = {name: exported.table(f"parquet/{name}.parquet").height for name in names}
    assert json.loads(done.stdout.splitlines()[-1]) == [[], rows]


def test_the_folder_says_under_which_licence_each_source_may_be_passed_on(exported: Exported) -> None:
    package = json.loads(exported.files["datapackage.json"])
    works = {source["path"]: source for source in package["sources"]}
    assert works["https://github.com/evalplus/evalplus.github.io"]["is_redistributable"]
    assert not works["https://github.com/epoch-research/open-model-trends"]["is_redistributable"]
    assert {licence["name"]: licence["path"] for licence in package["licenses"]}["CC-BY-4.0"] == (
        "https://spdx.org/licenses/CC-BY-4.0.html"
    )
    page = exported.files["LICENSE-DATA.md"].decode()
    assert "| `reference` evalplus | Apache-2.0 | Apache-2.0 |" in page
    assert "| `reference` epoch-open-model-trends |  | none stated |" in page


def test_the_citation_file_is_one_that_citing_tools_read(exported: Exported, tmp_path: Path) -> None:
    exported.write(tmp_path)
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.citation-file-format", tmp_path / "CITATION.cff"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
    cited = yaml.safe_load((tmp_path / "CITATION.cff").read_text())
    assert cited["version"] == exported.manifest["as_of"]
    assert {work["title"] for work in cited["references"]} == {
        row["citation"] for row in exported.manifest["citations"]
    }


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("score_pct", 86.4, "86.40"),
        ("score_pct", 0.125, "0.12"),  # rounded half to even
        ("score_pct", 0.375, "0.38"),
        ("lo_pct", -0.001, "0.00"),
        ("params_b", 46.7029, "46.7"),
        ("params_b", 0.13456, "0.1346"),
        ("params_b", 671.0, "671"),
        ("params_b", 1000.0, "1000"),
        ("params_b", 123456.0, "123500"),
        ("release_year", 2024.5, "2024.5"),
        ("lag_days", -60.0, "-60"),
        ("lag_days", -1e-9, "0"),
    ],
)
def test_numbers_are_written_as_their_column_says(name: str, value: float, shown: str) -> None:
    assert number(name, value) == shown


@given(value=st.floats(1e-6, 1e6))
def test_a_size_keeps_four_digits_and_never_an_exponent(value: float) -> None:
    shown = number("params_b", value)
    assert "e" not in shown.lower()
    assert float(shown) == pytest.approx(value, rel=5.1e-4)


@given(name=st.sampled_from(["score_pct", "params_b", "lag_days"]), value=st.floats(-1e9, 1e9))
def test_writing_a_written_number_again_changes_nothing(name: str, value: float) -> None:
    assert number(name, float(number(name, value))) == number(name, value)


@pytest.mark.parametrize("cell", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert text(cell) == f"'{cell}"


@given(cell=st.one_of(st.floats(allow_nan=False, allow_infinity=False).map(str), st.integers().map("{:+d}".format)))
def test_a_number_with_any_sign_is_not_a_formula(cell: str) -> None:
    assert text(cell) == cell


@given(cell=st.from_regex(r"[A-Za-z0-9][\w.-]{0,40}/[A-Za-z0-9][\w.+@=-]{0,40}", fullmatch=True))
def test_a_models_name_is_written_as_it_is(cell: str) -> None:
    assert text(cell) == cell


def test_a_blank_in_a_plotted_column_is_refused() -> None:
    with (
        duckdb.connect() as con,
        pytest.raises(ValueError, match="blank cells in the plotted columns run_name"),
    ):
        con.execute("create schema mart")
        create_macros(con)
        con.execute(
            "create view mart.community_velocity as select null::varchar as leaderboard, 'requests' as definition,"
            " null::date as last_on, false as is_partial,"
            " date '2024-01-01' as month, 1 as submissions, 1 as n_models, 1 as cumulative"
        )
        query(con, next(export for export in EXPORTS if export.stem == "community_velocity"))
