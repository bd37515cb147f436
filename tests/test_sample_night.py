"""A night on the sample Hub does what the README promises."""

from __future__ import annotations

import argparse
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import duckdb
import pytest
from worlds import story

from leaderboard_etl import pipeline
from leaderboard_etl.cli import _parser, main
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.contracts.vocabulary import stray_values
from leaderboard_etl.options import options_for
from leaderboard_etl.settings import Warehouse

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    root = tmp_path_factory.mktemp("sample")
    with options_for(root, "sample") as options:
        outcome = pipeline.run_night(options, story())
    assert outcome.status == "published", outcome.message
    yield Warehouse(root)


def test_the_readmes_query_has_the_printed_answer(sample: Warehouse) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["sql", "-w", str(sample.root), "-q", "gap_now"]) == 0
    answered = [line.rstrip() for line in printed.getvalue().splitlines() if line.strip()]
    block = re.search(r"-q gap_now\n```\n\n```\n(.+?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert [line.rstrip() for line in block[1].splitlines()] == answered


def test_every_worked_question_has_the_answer_that_its_page_prints(sample: Warehouse) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["sql", "-w", str(sample.root), "--list", "--format", "md"]) == 0
    page = (README.parent / "docs" / "cookbook.md").read_text(encoding="utf-8")
    # Some answers hold the day of the last load, which the pages name.
    sections = [
        re.sub(re.findall(r" on (\S+);", text)[0], "DAY", text).split("\n## ") for text in (page, printed.getvalue())
    ]
    assert len(sections[0]) > 25
    for written, answered in zip(*sections, strict=True):
        assert "No rows." not in answered
        # These count what a night read, and the nights of tests ask about fewer models.
        if not answered.startswith(("contents\n", "loads\n", "quarantine_by_rule\n")):
            assert written == answered, "make docs writes docs/cookbook.md again"


def test_every_view_of_the_sample_has_true_content(sample: Warehouse) -> None:
    with duckdb.connect(str(sample.database), read_only=True) as con:
        for group in ("mmlu_reported", "humaneval_reported", "gpqa_diamond_reported"):
            months = con.execute(
                "select count(*) from mart.gap_monthly where population = 'official' and comparable_group = ?", [group]
            ).fetchall()
            assert months[0][0] > 5
        plotted = con.execute(
            "select count(*) from mart.model_scaling where params_b > 0 and benchmark = 'mmlu'"
        ).fetchall()
        assert plotted[0][0] >= 80
        # Two rows of the leaderboard's table are trial runs.
        refused = con.execute(
            "select rule, count(*), count(distinct source_name) from ops.quarantine group by all"
        ).fetchall()
        assert refused == [("run|limited", 12, 2)]
        # The article's four architectures, by our data (https://arxiv.org/abs/2405.04434 for DeepSeek-V2).
        rows = dict(
            con.execute("select model_id, round(inference_cost_relative, 2) from mart.moe_efficiency").fetchall()
        )
        assert rows["mistralai/Mixtral-8x7B-v0.1"] == 0.18
        assert rows["deepseek-ai/DeepSeek-V2"] == 0.30


def test_every_command_of_the_readme_runs(
    sample: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "sample").symlink_to(sample.root)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for b in blocks for line in b.splitlines()]
    called = [shlex.split(line, comments=True) for line in lines if not line.startswith("make ")]
    ran = 0
    for words in called:
        command, *arguments = [word for word in words if not word.startswith("HF_TOKEN=")]
        assert command == ".venv/bin/leaderboard-etl", words
        options = _parser().parse_args(arguments)
        if not _needs_the_real_hub(arguments, options):
            code = main(arguments)
            assert code == 0, (arguments, capsys.readouterr().err)
            ran += 1
    assert ran > 10


def _needs_the_real_hub(arguments: list[str], options: argparse.Namespace) -> bool:
    return arguments[0] in ("run", "backfill", "serve", "publish") or getattr(options, "hub", None) is not None


def test_closed_columns_hold_the_values_that_their_comments_list(sample: Warehouse) -> None:
    with duckdb.connect(str(sample.database), read_only=True) as con:
        stray = con.execute(stray_values([*tables().values(), *views().values()])).fetchall()
    assert stray == []


def test_a_contaminated_fine_tune_never_leads(sample: Warehouse) -> None:
    with duckdb.connect(str(sample.database), read_only=True) as con:
        best = con.execute(
            "select model_id, population from mart.model_scaling where comparable_group = 'mmlu_measured'"
            " order by score_pct desc limit 1"
        ).fetchall()
        assert best[0][1] != "official"
        frontier = "select model_id from mart.gap_frontier where population = 'official'"
        leaders = {row[0] for row in con.execute(frontier).fetchall()}
        assert best[0][0] not in leaders
