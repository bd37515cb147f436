"""A source is described in one place: its description is complete, and everything that shows it agrees."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from sourcing import fixture, read_files, repository
from test_views import insert
from worlds import World

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import PACKAGE
from leaderboard_etl.sources import template
from leaderboard_etl.sources.as_tables import described
from leaderboard_etl.sources.base import TARGETS
from leaderboard_etl.sources.description import Source, Trust
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.reporters import REPORTERS
from leaderboard_etl.warehouse.core import insert_descriptions

FOLDER = "src/leaderboard_etl/sources"


DESCRIBED = [*SOURCES.values(), template.SOURCE]


def lacking(source: Source) -> list[str]:
    """The missing parts of a description, one sentence each."""
    place = f"{FOLDER}/{source.source_id}/__init__.py"
    works = [*source.works, *(work for part in source.collections for work in part.works)]
    told = {
        "has no `title`": bool(source.title),
        "does not say what is `left_out` and why": bool(source.left_out and source.left_out_because),
        "names no work to cite in `works`": bool(works),
        "has a work without citation, licence or link": all(
            work.citation and work.license and re.match(r"https://\S+$", work.source_url) for work in works
        ),
        "has a repository type without `repo_id`": (source.repo_type in ("dataset", "space")) == bool(source.repo_id),
    }
    known = set(read_policy().benchmarks["variant_id"])
    told |= {
        f"measures {name}, of which policy/benchmarks.csv has no row: add one": name in known
        for name in variants(source)
    }
    told |= {
        f"is reported by {name}, which sources/reporters.py does not list": name in {r.reported_by for r in REPORTERS}
        for name in reporters(source)
    }
    told |= {f"still has {what} of the template": False for what in left_of_the_template(source)}
    return [f"{place} {what}" for what, holds in told.items() if not holds]


def left_of_the_template(source: Source) -> list[str]:
    """What a source still has unchanged from the template."""
    example = template.SOURCE
    if source.source_id == example.source_id:
        return []
    kept = {
        "the `title`": source.title == example.title,
        "the `repo_id`": source.repo_id == example.repo_id.replace("template", source.source_id),
        "what is `left_out_because`": source.left_out_because == example.left_out_because,
        "the citation": example.works[0].citation in {work.citation for work in source.works},
        "the licence of the data": example.works[0].license in {work.license for work in source.works},
    }
    return [what for what, is_kept in kept.items() if is_kept]


def left_of_the_fixture(folder: Path) -> list[str]:
    """The files below a fixture's folder, wanted by the source or not, that are the template's."""
    example = {file.content for file in fixture(template.SOURCE)}
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.read_bytes() in example
    ]


def variants(source: Source) -> list[str]:
    return [*source.variants, *(variant for part in source.collections for variant in part.variants)]


def reporters(source: Source) -> list[str]:
    return [*source.reported_by, *(name for part in source.collections for name in part.reported_by)]


@pytest.mark.parametrize("source", DESCRIBED, ids=lambda source: source.source_id)
def test_a_source_describes_itself_and_has_a_fixture_that_it_reads(source: Source) -> None:
    missing = lacking(source)
    assert missing == [], "\n".join(missing)
    files = fixture(source)
    assert files, (
        f"{FOLDER}/{source.source_id}/fixture/ has no file that the source wants: put a small copy there, by its path in the"
        " repository"
    )
    if source is not template.SOURCE:
        left = left_of_the_fixture(repository(source))
        assert not left, (
            f"{FOLDER}/{source.source_id}/fixture/ still has {', '.join(left)} of the template: put its own there"
        )
    parsed = read_files(source, files)
    # The sample has two genuine trial runs, which have no scores.
    unread = parsed.quarantine.filter(pl.col("rule") != "run|limited")
    refused = unread.select("path", "locator", "rule", "reason").rows()
    assert refused == [], (
        f"{source.source_id} refuses {len(refused)} records of its own fixture; the first: {refused[0]}"
    )
    assert sum(parsed.frame(target).height for target in TARGETS), f"{source.source_id} reads nothing of its fixture"
    others = {*parsed.scores["reported_by"]} - {*reporters(source)}
    assert not others, f"{source.source_id} has scores reported by {others}, which `reported_by` does not list"
    if variants(source):
        others = {*parsed.scores["variant_id"]} - {*variants(source)}
        assert not others, f"{source.source_id} has scores of {others}, which `variants` does not list"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": ""}, "has no `title`"),
        ({"works": ()}, "names no work to cite in `works`"),
        ({"left_out_because": ""}, "does not say what is `left_out` and why"),
        (
            {"variants": ("mmlu_of_nobody",)},
            "measures mmlu_of_nobody, of which policy/benchmarks.csv has no row: add one",
        ),
        ({"reported_by": ("nobody",)}, "is reported by nobody, which sources/reporters.py does not list"),
        ({"repo_id": ""}, "has a repository type without `repo_id`"),
    ],
)
def test_a_missing_part_is_named_in_a_sentence(changes: dict[str, Any], told: str) -> None:
    assert lacking(replace(template.SOURCE, **changes)) == [f"{FOLDER}/template/__init__.py {told}"]


def test_a_part_left_unchanged_from_the_template_is_named_in_a_sentence() -> None:
    copied = replace(template.SOURCE, source_id="my_board", repo_id="org/my_board")
    place = f"{FOLDER}/my_board/__init__.py"
    left = ("the `title`", "the `repo_id`", "what is `left_out_because`", "the citation", "the licence of the data")
    assert lacking(copied) == [f"{place} still has {what} of the template" for what in left]


def test_the_file_of_the_template_is_named_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text("model,accuracy\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "results.csv").write_bytes(fixture(template.SOURCE)[0].content)
    assert left_of_the_fixture(tmp_path) == ["old/results.csv"]


@pytest.mark.parametrize("kind", [field.name for field in fields(Trust)])
def test_no_two_sources_share_a_place_in_an_order_of_trust(kind: str) -> None:
    ranks = {
        source_id: rank for source_id, source in SOURCES.items() if (rank := asdict(source.trust)[kind]) is not None
    }
    twice = {rank for rank, n in Counter(ranks.values()).items() if n > 1}
    shared = {source_id: rank for source_id, rank in ranks.items() if rank in twice}
    assert shared == {}, f"give each of {', '.join(shared)} another `{kind}` in its `trust`: equal numbers are no order"


def test_the_reporters_are_the_values_that_the_dictionary_lists() -> None:
    listed = next(column.allowed for column in tables()["history.scores"].columns if column.name == "reported_by")
    assert {reporter.reported_by for reporter in REPORTERS} == set(listed)


def test_a_warehouse_contains_the_descriptions_of_the_sources(published: World) -> None:
    frames = described()
    assert frames["core.sources"]["source_id"].to_list() == sorted(SOURCES)
    assert {table: published.query(f"from {table}") for table in frames} == {
        table: frame.rows() for table, frame in frames.items()
    }


FOLDERS = {"dataset": "datasets/", "space": "spaces/", "model": ""}


def test_a_chart_links_each_score_to_its_file_whatever_the_source(empty: duckdb.DuckDBPyConnection) -> None:
    insert_descriptions(empty)
    expected: dict[str, str | None] = {"gated": "https://huggingface.co/org/model", "reference": None, "epoch": None}
    for source_id, source in SOURCES.items():
        repo_id = source.repo_id or "org/model"
        link_to(empty, source_id, "some/file", repo_id)
        if source.repo_type in FOLDERS:
            expected[source_id] = f"https://huggingface.co/{FOLDERS[source.repo_type]}{repo_id}/blob/abc/some/file"
    link_to(empty, "eval_results", "@api/eval_results.json", "org/model", model_id="gated")
    links = dict(empty.execute("select model_id, source_url from mart.model_scaling").fetchall())
    assert links == expected
    arena = "https://huggingface.co/spaces/lmarena-ai/chatbot-arena-leaderboard/blob/abc/some/file"
    assert links["arena"] == arena


def link_to(
    con: duckdb.DuckDBPyConnection, source_id: str, path: str, repo_id: str, model_id: str | None = None
) -> None:
    """The link of one score; the model is named by the source's id unless `model_id` is given."""
    name = model_id or source_id
    model = {"model_id": name, "display_name": name, "organization": "org", "openness": "open_weights"}
    insert(con, "core.models", **model, license_class="unknown", is_official=True, population="official")
    insert(con, "core.benchmarks", benchmark_id="mmlu", variant_id=name, display_name=name, comparable_group=name,
           metric="acc", scale="percent", score_min_pct=0, score_max_pct=100, score_ceiling=1.0, norm_rule="aggregate",
           aggregation="single", source_url="https://example.org")  # fmt: skip
    insert(con, "core.scores", model_id=name, benchmark_id="mmlu", variant_id=name, comparable_group=name, score_raw=50.0,
           score_unit="percent", score_pct=50.0, norm_method="none", precision="unknown", has_chat_template=None,
           setting="n/a", run_id="n/a",
           reported_by="arena", is_corrected=False, source_id=source_id, source_name=name, repo_id=repo_id,
           revision="abc", path=path, blob_id="b", locator="row 1", load_id=1)  # fmt: skip


# Reporters and methods may have the same names as sources.
NAMED_ELSEWHERE = {
    ("src/leaderboard_etl/analysis/self_report.py", "reference"),
    ("src/leaderboard_etl/commands/evidence.py", "reference"),
    ("src/leaderboard_etl/normalize/doubts.py", "reference"),
    ("src/leaderboard_etl/normalize/identity.py", "reference"),
    ("src/leaderboard_etl/normalize/joins.py", "reference"),
    ("src/leaderboard_etl/normalize/models.py", "reference"),
    ("sql/checks/joined_names_are_one_model.sql", "reference"),
    ("sql/views/source_agreement.sql", "reference"),
}


def test_no_source_is_named_outside_its_folder_and_policy() -> None:
    named = set()
    root = PACKAGE.parents[1]
    files = [file for file in PACKAGE.rglob("*.py") if not {"sources", "policy"} & set(file.relative_to(PACKAGE).parts)]
    for file in (*files, *(root / "flows").glob("*.py")):
        texts = {node.value for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Constant)}
        quoted = {name for text in texts if isinstance(text, str) for name in re.findall(r"'(\w+)'", text)}
        named |= {(file.relative_to(root).as_posix(), name) for name in SOURCES if name in texts | quoted}
    for file in (
        file for folder in ("views", "checks", "claims", "exports") for file in (root / "sql" / folder).iterdir()
    ):
        quoted = set(re.findall(r"'(\w+)'", file.read_text(encoding="utf-8")))
        named |= {(file.relative_to(root).as_posix(), name) for name in SOURCES if name in quoted}
    assert named - NAMED_ELSEWHERE == set()
    assert NAMED_ELSEWHERE - named == set()
