"""The snapshot flow in a separate process, and the deployments that name flows."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from worlds import World

from leaderboard_etl.settings import PACKAGE, resource

# The first chart stands for all: to draw them takes longer than the rest of the flow, which draws them to verify them too. A
# second process would draw all.
RUN = """
import json, sys
from pathlib import Path
from leaderboard_etl.commands.run import flow_file
from leaderboard_etl.export import figures, recomputed
from leaderboard_etl.orchestration import run_flow
figures._CHARTS = figures._CHARTS[:1]
recomputed.LEAST_SCORES = 10**9
print(json.dumps(run_flow(flow_file("snapshot"), "snapshot", Path(sys.argv[1]), json.loads(sys.argv[2]))))
"""


def run_snapshot(world: World, **parameters: Any) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    arguments = [str(world.warehouse.prefect), json.dumps({"warehouse": str(world.warehouse.root), **parameters})]
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env={**kept, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path])},
        text=True,
        capture_output=True,
    )


def test_it_exports_into_a_folder_named_by_the_day_and_stores_artifacts(published: World, prefect_home: Path) -> None:
    shutil.copytree(prefect_home, published.warehouse.prefect)
    done = run_snapshot(published, as_of="as-of-2025-01-01")
    assert done.returncode == 0, done.stderr
    folder = published.warehouse.exports / "2025-01-01"
    assert json.loads(done.stdout) == {"folder": str(folder), "as_of": "2025-01-01"}
    assert (folder / "model_scaling.csv").is_file()
    with closing(sqlite3.connect(published.warehouse.prefect / "prefect.db")) as db:
        artifacts = dict(db.execute("select key, data from artifact").fetchall())
    assert "| model_scaling.csv |" in artifacts["snapshot"]
    figures = {path.name.replace(".", "-").replace("_", "-").lower() for path in (folder / "figures").glob("*")}
    assert {"model-scaling-svg"} <= set(artifacts) - {"snapshot"} <= figures


@pytest.mark.parametrize("deployment", yaml.safe_load((PACKAGE.parents[1] / "prefect.yaml").read_text())["deployments"])
def test_a_deployment_names_an_existing_flow_and_its_parameters(deployment: dict[str, Any]) -> None:
    from prefect.flows import load_flow_from_entrypoint

    file, _, name = deployment["entrypoint"].rpartition(":")
    flow: Any = load_flow_from_entrypoint(f"{resource('flows') / Path(file).name}:{name}")
    assert flow.name == deployment["name"]
    assert set(deployment["parameters"]) <= set(inspect.signature(flow.fn).parameters)
