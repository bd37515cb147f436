"""Small Hubs and warehouses for tests: two tables on loopback, and nights on them without Prefect."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from faulty_hub import HubServer
from sourcing import repository

from leaderboard_etl import pipeline, report
from leaderboard_etl.cli import main
from leaderboard_etl.options import Options
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.warehouse.claims import judged_claims

_log = logging.getLogger("night")
V2 = "datasets/open-llm-leaderboard/contents/data/train-00000-of-00001.parquet"
V1 = "datasets/open-llm-leaderboard-old/contents/data/train-00000-of-00001.parquet"
_TASKS = ("IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO")
_BASELINES = {"IFEval": 0.0, "MATH Lvl 5": 0.0, "GPQA": 0.25, "MMLU-PRO": 0.1}

BIGCODE_HEADER = (
    "T,Model,Size (B),Win Rate,Throughput (tokens/s),Seq_length,#Languages,humaneval-python,java,javascript,cpp,php,julia,d,"
    "Average score,lua,r,racket,rust,swift,Throughput (tokens/s) bs=50,Peak Memory (MB),models_query,Links,Submission PR"
)
MMLU_PRO_HEADER = (
    "Models,Data Source,Model Size(B),Overall,Biology,Business,Chemistry,Computer Science,Economics,Engineering,Health,History,"
    "Law,Math,Philosophy,Physics,Psychology,Other"
)
# One small file for every other repository that a night reads; its task belongs to no benchmark and so makes no score.
_RUN = b'{"results": {"other_task": {"acc": 0.5}}, "config_general": {"model_sha": "' + b"a" * 40 + b'"}}'
OTHER_FILES = {
    "datasets/open-llm-leaderboard/results/mistralai/Mistral-7B-v0.1/results_2024-07-01T00-00-00.000000.json": _RUN,
    "datasets/open-llm-leaderboard-old/results/mistralai/Mistral-7B-v0.1/results_2023-10-01T00-00-00.000000.json": _RUN,
    "datasets/open-llm-leaderboard/requests/mistralai/Mistral-7B-v0.1_eval_request_False_bfloat16_Original.json": (
        b'{"model": "mistralai/Mistral-7B-v0.1", "precision": "bfloat16", "params": 7.0, "status": "FINISHED"}'
    ),
    "spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20250505.csv": (
        b"key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\n"
    ),
    "spaces/bigcode/bigcode-models-leaderboard/data/code_eval_board.csv": BIGCODE_HEADER.encode() + b"\n",
}


def v2_row(name: str, raw: float = 0.5, **changes: Any) -> dict[str, Any]:
    """One row of the last v2 table, with every raw score equal to `raw`."""
    scores: dict[str, Any] = {}
    for task in _TASKS:
        low = _BASELINES.get(task, 0.2)
        scores[f"{task} Raw"] = raw
        scores[task] = max(0.0, 100 * (raw - low) / (1 - low))
    row: dict[str, Any] = {
        "eval_name": f"{name.replace('/', '_')}_bfloat16",
        "Precision": "bfloat16",
        "Type": "🟢 pretrained",
        "T": "🟢",
        "Weight type": "Original",
        "Architecture": "LlamaForCausalLM",
        "Model": name,
        "fullname": name,
        "Model sha": "a" * 40,
        "Average ⬆️": 10.0,
        "Hub License": "apache-2.0",
        "Hub ❤️": 1,
        "#Params (B)": 7.0,
        "Available on the hub": True,
        "MoE": False,
        "Flagged": False,
        "Chat Template": False,
        "CO₂ cost (kg)": 1.0,
        **scores,
        "Merged": False,
        "Official Providers": False,
        "Upload To Hub Date": "2024-06-01",
        "Submission Date": "2024-07-01",
        "Generation": 0,
        "Base Model": name,
    }
    return row | changes


def v1_row(name: str, score: float = 50.0, **changes: Any) -> dict[str, Any]:
    """One row of the v1 table, with inverted flags as it was published."""
    row: dict[str, Any] = {
        "eval_name": f"{name.replace('/', '_')}_float16",
        "Precision": "float16",
        "Type": "🟢 pretrained",
        "T": "🟢",
        "Weight type": "Original",
        "Architecture": "LlamaForCausalLM",
        "Model": name,
        "fullname": name,
        "Model sha": "b" * 40,
        "Average ⬆️": score,
        "Hub License": "mit",
        "Hub ❤️": 1,
        "#Params (B)": 7.0,
        "Available on the hub": True,
        "Merged": True,
        "MoE": True,
        "Flagged": True,
        "date": "2024-02-01T00:00:00Z",
        "Chat Template": None,
        **dict.fromkeys(("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"), score),
        "Maintainers Choice": None,
    }
    return row | changes


# Models with known flags, by which the tables' flags are verified.
V2_SENTINELS = [
    v2_row("mistralai/Mixtral-8x7B-v0.1", MoE=True, **{"#Params (B)": 46.7}),
    v2_row("mistralai/Mistral-7B-v0.1", 0.4),
]
V1_SENTINELS = [v1_row("mistralai/Mixtral-8x7B-v0.1", 70.0, MoE=False), v1_row("mistralai/Mistral-7B-v0.1", 60.0)]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a parquet file."""
    buffer = io.BytesIO()
    frame = pl.DataFrame(rows, infer_schema_length=None)
    booleans = [c for c in ("Chat Template", "Maintainers Choice") if c in frame.columns and frame[c].dtype == pl.Null]
    frame.with_columns(pl.col(booleans).cast(pl.Boolean)).write_parquet(buffer)
    return buffer.getvalue()


@dataclass
class World:
    """A Hub folder and a warehouse folder. `night` runs one night, at three in the morning of the given day in January.

    `endpoint` is the name of the Hub in the ledger.
    """

    root: Path
    hub: str
    warehouse: Warehouse
    options: dict[str, Any] = field(default_factory=dict)
    endpoint: str = "sample"

    def put(self, path: str, content: bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def put_v2(self, *rows: dict[str, Any]) -> None:
        self.put(V2, parquet([*V2_SENTINELS, *rows]))

    def put_v1(self, *rows: dict[str, Any]) -> None:
        self.put(V1, parquet([*V1_SENTINELS, *rows]))

    def put_model(self, name: str, card: bytes, **info: Any) -> None:
        self.put(f"models/{name}/README.md", card)
        self.put(f"_api/models/{name}.json", json.dumps(info).encode())

    def night(self, day: int = 1, **changes: Any) -> pipeline.Outcome:
        options = Options(
            self.warehouse,
            self.hub,
            self.endpoint,
            **{"started_at": datetime(2025, 1, day, 3), **self.options, **changes},
        )
        outcome = pipeline.run_night(options, story())
        if outcome.status in ("degraded", "failed"):
            # Pytest shows this if the test expected another status.
            _log.warning("%s", "\n".join([f"night {day}: {report.headline(outcome)}", *report.notes(outcome)]))
        return outcome

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse.database), read_only=True) as con:
            return con.execute(sql).fetchall()


def small_world(folder: Path, hub: str) -> World:
    """Both tables with thirty models each, so that a tenth of them is more than one row, and the fixtures of other
    sources. The Hub's folder is `folder`/hub."""
    world = World(folder / "hub", hub, Warehouse(folder / "warehouse"))
    for path, content in OTHER_FILES.items():
        world.put(path, content)
    world.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 31)])
    world.put_v1(*[v1_row(f"org/model-{n}b", 30.0 + n) for n in range(1, 31)])
    for source in SOURCES.values():
        own = world.root / f"{source.repo_type}s" / source.repo_id
        if source.repo_id and not own.is_dir():
            shutil.copytree(repository(source), own)
    return world


def after_first_night(folder: Path, prepare: Callable[[World], None] = lambda world: None) -> Path:
    """`folder` with a small world that was prepared and had its first night."""
    (folder / "hub").mkdir()
    with HubServer(folder / "hub") as server:
        world = small_world(folder, server.url)
        prepare(world)
        assert world.night(1).status == "published"
    return folder


def copied(made: Path, folder: Path, hub: str) -> World:
    """A copy of a world's folder, which nobody else changes."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return World(folder / "hub", hub, Warehouse(folder / "warehouse"))


def files_in(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of a folder, and of those within it, by their path there, but for some."""
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if name not in without}


@contextmanager
def without_marts() -> Iterator[None]:
    """Within the block nights and past days leave the mart tables empty, for fixtures on which nothing depends on them; tests
    are marked so (conftest._marts)."""
    with pytest.MonkeyPatch.context() as patched:
        for module in ("build", "marts"):
            patched.setattr(f"leaderboard_etl.warehouse.{module}.build_marts", lambda *_, **__: {})
        yield


async def no_wait(seconds: float) -> None:
    """Replaces the pause before another try."""


@cache
def nightly() -> Any:
    """The module flows/nightly.py."""
    spec = importlib.util.spec_from_file_location("nightly", resource("flows") / "nightly.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def story() -> Callable[[pipeline.Night], pipeline.Ending]:
    """The steps of flows/nightly.py."""
    steps: Callable[[pipeline.Night], pipeline.Ending] = nightly().story
    return steps


# What nights keep of what they replaced: a warehouse that is made anew, or otherwise, has other rows of it, or none.
KEPT_BY_NIGHTS = "ops.replaced_rows"


def content(database: Path, *, without: tuple[str, ...] = ()) -> dict[str, tuple[Any, ...]]:
    """The count and content hash of every table, independent of the order of rows, except tables whose names begin with
    `without`, and KEPT_BY_NIGHTS."""
    with duckdb.connect(str(database), read_only=True) as con:
        names = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        return {
            name: con.execute(f"select count(*), sum(hash(t)::hugeint) from {name} as t").fetchall()[0]
            for (name,) in names
            if name != KEPT_BY_NIGHTS and not name.startswith(without)
        }


def empty_warehouse(schema_file: Path) -> duckdb.DuckDBPyConnection:
    """A new warehouse in memory with every table, macro and view and no rows, like the file of the fixture `schema_file`."""
    con = duckdb.connect(":memory:")
    copy_database(schema_file, con)
    return con


def copy_database(path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Copies all of a file into the empty database of `con`."""
    [(name,)] = con.execute("select current_database()").fetchall()
    con.execute(f"attach '{path}' as copied (read_only)")
    con.execute(f'copy from database copied to "{name}"')
    con.execute("detach copied")


def judge_claims(con: duckdb.DuckDBPyConnection, policy: Policy, as_of: date) -> None:
    """Fills mart.paper_claims alone."""
    con.register("incoming", judged_claims(con, policy, as_of))
    con.execute("insert into mart.paper_claims from incoming")
    con.unregister("incoming")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """The exit code of a command line, and what it printed: the answer and the errors."""
    code = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err
