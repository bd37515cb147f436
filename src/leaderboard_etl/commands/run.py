"""`run` and `serve`: the nightly flow, now or on a schedule."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import print_json
from leaderboard_etl.options import SAMPLE, hub_address
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    pass

TRY_NEXT = (
    "select model, params_b, score_pct from mart.model_scaling where benchmark = 'mmlu' order by score_pct desc limit 5"
)


def run(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the nightly flow once; with --offline rebuilds from raw, for which neither Hub nor orchestrator is needed."""
    if options.offline:
        return _rebuild(options, warehouse)
    parameters = flow_parameters(options, warehouse)
    if options.hub != SAMPLE:
        from leaderboard_etl.hub.client import prepare_environment

        prepare_environment(hub_address(options.hub))
    from leaderboard_etl.orchestration import run_flow

    outcome: dict[str, Any] = run_flow(flow_file("nightly"), "nightly", warehouse.prefect, parameters)
    if options.json:
        print_json(outcome)
    else:
        _print_outcome(outcome, warehouse)
    return int(outcome["exit_code"])
