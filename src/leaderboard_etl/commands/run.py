"""`run` and `serve`: the nightly flow, now or on a schedule."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import signal
import sys
import time
from types import ModuleType
from typing import Any

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.errors import UsageError
from leaderboard_etl.options import SAMPLE, hub_address
from leaderboard_etl.settings import Warehouse, resource

TRY_NEXT = "select model, params_b, score_pct from mart.model_scaling where comparable_group = 'mmlu_reported' limit 5"


def run(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the nightly flow once; with --offline rebuilds from raw, for which neither Hub nor Prefect is needed."""
    if options.offline:
        return _rebuild(options, warehouse)
    parameters = _parameters(options, warehouse)
    _prepare(options)
    from leaderboard_etl.orchestration import prefect_api

    with prefect_api(warehouse.prefect):
        from prefect import tags

        with tags(f"pid:{os.getpid()}"):
            state = flow_module("nightly").nightly(**parameters, return_state=True)
    outcome = state.data if isinstance(state.data, dict) else state.result(raise_on_failure=True)
    if options.json:
        print_json(outcome)
    else:
        _print_outcome(outcome)
    return int(outcome["exit_code"])


def serve(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the flow on a schedule until it is stopped by SIGINT or SIGTERM."""
    from leaderboard_etl.orchestration import prefect_api

    parameters = _parameters(options, warehouse)
    _prepare(options)
    with prefect_api(warehouse.prefect), contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from prefect.client.schemas.schedules import CronSchedule
        from pydantic import ValidationError

        try:
            CronSchedule(cron=options.cron, timezone="UTC")
        except ValidationError as error:
            raise UsageError(f"{options.cron!r} is not a cron line such as '0 3 * * *'") from error
        print(f"serving the nightly flow into {warehouse.root}, at {options.cron!r} UTC; stop with Ctrl-C", flush=True)
        flow_module("nightly").nightly.serve(
            name="nightly", cron=options.cron, parameters=parameters, limit=1, print_starting_message=False
        )
    return 0


def flow_module(name: str) -> ModuleType:
    """The module of a flow in flows/, which sits in the package or in the checkout."""
    path = resource("flows") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"flows_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _parameters(options: argparse.Namespace, warehouse: Warehouse) -> dict[str, Any]:
    if options.card_budget < 0:
        raise UsageError("--card-budget is a number of calls, 0 or more")
    if options.hub != SAMPLE:
        hub_address(options.hub)
    return {
        "warehouse": str(warehouse.root.resolve()),
        "hub": options.hub,
        "only": options.only,
        "full": options.full,
        "card_budget": options.card_budget,
        "deadline_minutes": options.deadline,
        "accept": options.accept,
    }


def _prepare(options: argparse.Namespace) -> None:
    """The environment that huggingface_hub and datasets read when they are imported."""
    from leaderboard_etl.hub.client import prepare_environment

    prepare_environment(hub_address(None if options.hub == SAMPLE else options.hub))


def _rebuild(options: argparse.Namespace, warehouse: Warehouse) -> int:
    from leaderboard_etl.pipeline import rebuild

    begun = time.monotonic()
    findings = rebuild(warehouse)
    seconds = time.monotonic() - begun
    if options.json:
        print_json({"status": "published", "exit_code": 0, "database": str(warehouse.database), "seconds": seconds})
    else:
        print(f"rebuilt {warehouse.database} from {warehouse.raw} in {seconds:.1f} s; {len(findings)} checks ran")
    return 0


def _print_outcome(outcome: dict[str, Any]) -> None:
    if outcome["status"] == "failed":
        print(f"leaderboard-etl: {outcome['message']}", file=sys.stderr)
        return
    print_table(outcome["rows"])
    for note in outcome["notes"]:
        print(f"  {note}")
    print(f"{outcome['headline']}; warehouse: {outcome['database']}")
    held = (outcome["load"] or {}).get("summary") or {}
    if held:
        print("it holds: " + ", ".join(f"{name} {count:,}" for name, count in held.items()))
    folder = os.path.relpath(outcome["warehouse"])
    print(f'try: leaderboard-etl sql -w {folder} "{TRY_NEXT}"')
