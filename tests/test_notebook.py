"""The notebook of examples/ runs, and shows what mart says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from worlds import World

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "notebook.py"


@pytest.fixture
def defined(standing: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the cells define, after all have run as with their first settings."""
    monkeypatch.setenv("LEADERBOARD_ETL_WAREHOUSE", str(standing.warehouse.root))
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "notebook", module)
    spec.loader.exec_module(module)
    _, defined = module.app.run()
    yield defined
    defined["con"].close()


def test_each_cell_of_the_notebook_runs_and_shows_the_rows_of_mart(standing: World, defined: Any) -> None:
    of_group = "from mart.{} where comparable_group = 'mmlu_reported' and population = 'official'"
    assert defined["group"].value == "mmlu_reported" and defined["population"].value == "official"
    assert [(defined["frontier"].height,)] == standing.query(f"select count(*) {of_group.format('gap_frontier')}")
    sized = f"select count(*) {of_group.format('model_scaling')} and params_b is not null"
    assert [(defined["points"].height,)] == standing.query(sized)
    assert defined["parity"].select("open_score_pct", "proprietary_score_pct").rows() == standing.query(
        f"select open_score_pct, proprietary_score_pct {of_group.format('parity')}"
    )
    assert [(defined["claims"].height,)] == standing.query("select count(*) from mart.paper_claims")
    assert defined["frontier"].height and defined["points"].height
