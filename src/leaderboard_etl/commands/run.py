"""`run`, `backfill` and `serve`: the nightly flow, once or on a schedule, and the loads before the first night."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import time
from pathlib import Path
from typing import Any

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.hints import of_warehouse, runnable
from leaderboard_etl.commands.json_log import say
from leaderboard_etl.commands.parsing import (
    Commands,
    add_command,
    add_deadline,
    add_hub,
    add_json,
    add_night,
    add_only,
    add_raw_from,
    add_watching,
)
from leaderboard_etl.errors import UsageError
from leaderboard_etl.memory import give_back_early, memory_bytes
from leaderboard_etl.options import SAMPLE, hub_address
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.termination import WORDS_OF_A_RUN

TRY_NEXT = (
    "select model, openness, score_pct from mart.model_scaling"
    " where comparable_group = 'mmlu_reported' and population = 'official' order by score_pct desc limit 5"
)


def register(commands: Commands) -> None:
    """Registers `run`, `backfill` and `serve`."""
    command = add_command(commands, "run", _run, "fetch what changed, build, audit and publish (the nightly job)")
    command.set_defaults(last_words=WORDS_OF_A_RUN)
    add_night(command)
    command.add_argument(
        "--offline", action="store_true", help="rebuild the warehouse from its raw store, without a socket"
    )
    add_json(command, "print the outcome as JSON")
    command.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: progress, notes and errors as JSON lines on standard error (default: %(default)s)",
    )

    command = add_command(
        commands, "backfill", _backfill, "land the leaderboards' past commits, before the first night"
    )
    command.set_defaults(last_words=WORDS_OF_A_RUN)
    add_hub(command)
    add_only(command)
    add_deadline(command)
    add_raw_from(command)
    add_watching(command)
    add_json(command, "print the outcome as JSON")

    command = add_command(commands, "serve", _serve, "run on a schedule, in the foreground, until stopped")
    command.set_defaults(is_terminable=False)  # Prefect handles the signals, because it starts the runs
    command.add_argument(
        "--cron", default="0 3 * * *", help="when, in UTC (default: %(default)s, every night at three)"
    )
    add_night(command)


def _run(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the nightly flow once; with --offline rebuilds from raw, without Hub and Prefect."""
    if options.memory is not None:
        give_back_early()  # before the imports, which bring Polars
    from leaderboard_etl.watching.watched import watched

    # Here and not in the flow, so that a run that fails before its flow starts is reported as well.
    with watched(warehouse, options.notify, options.metrics) as report_result:
        if options.offline:
            outcome = _rebuild(options, warehouse)
        else:
            parameters = _parameters(options, warehouse)
            _prepare(options)
            from leaderboard_etl.orchestration import run_flow

            outcome = run_flow(flow_file("nightly"), "nightly", warehouse.prefect, parameters, may_stay_quiet=True)
        report_result(outcome)
    for note in outcome.get("notes", []):
        say("note", message=note)
    say("outcome", **{name: outcome[name] for name in ("status", "exit_code", "seconds")})
    if options.json:
        print_json(outcome)
    elif options.offline:
        for note in outcome["notes"]:
            print(note)
        print(
            f"rebuilt {outcome['database']} from {warehouse.raw} in {outcome['seconds']:.1f} s;"
            f" {how_many(outcome['n_checks'], 'check')} ran"
        )
    else:
        _print_outcome(outcome, warehouse)
    return int(outcome["exit_code"])


def _backfill(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the backfill flow: lands past commits as dated loads, before the first night."""
    from leaderboard_etl.watching.watched import watched

    with watched(warehouse, options.notify, options.metrics) as report_result:
        _expect_deadline(options.deadline)
        if options.hub != SAMPLE:
            hub_address(options.hub)
        parameters = {
            "warehouse": str(warehouse.root.resolve()),
            "hub": options.hub,
            "only": options.only,
            "deadline_minutes": options.deadline,
            "raw_from": _absolute_raw_from(options.raw_from),
            "database": None if warehouse.lake is None else warehouse.lake.address,
        }
        _prepare(options)
        from leaderboard_etl.orchestration import run_flow

        outcome: dict[str, Any] = run_flow(flow_file("backfill"), "backfill", warehouse.prefect, parameters)
        report_result(outcome)
    if options.json:
        print_json(outcome)
    else:
        _print_outcome(outcome, warehouse)
    return int(outcome["exit_code"])


def _serve(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the flow on a schedule until it is stopped by SIGINT or SIGTERM."""
    if options.memory is not None:
        give_back_early()  # before the imports, which bring Polars
    from leaderboard_etl import orchestration
    from leaderboard_etl.watching.watched import expect_watchable

    expect_watchable(warehouse, options.notify, options.metrics)
    metrics = None if options.metrics is None else str(options.metrics.resolve())
    parameters = {**_parameters(options, warehouse), "notify": options.notify, "metrics": metrics}
    _prepare(options)
    print(f"serving the nightly flow into {warehouse.root}, at {options.cron!r} UTC; stop with Ctrl-C", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        orchestration.serve(flow_file("nightly"), "nightly", warehouse.prefect, parameters, cron=options.cron)
    return 0


def flow_file(name: str) -> Path:
    """The path of a flow file in flows/, which is in the package or in the checkout."""
    return resource("flows") / f"{name}.py"


def _parameters(options: argparse.Namespace, warehouse: Warehouse) -> dict[str, Any]:
    if options.card_budget < 0:
        raise UsageError("--card-budget is a number of calls, 0 or more")
    _expect_deadline(options.deadline)
    for accepted in options.accept or ():
        if re.fullmatch(r"[^@]+@[^@]+", accepted) is None:
            raise UsageError(
                f"--accept {accepted!r} is not SOURCE@REVISION, as the summary of the night that held it printed it"
            )
    if options.memory is not None:
        memory_bytes(options.memory)
    _expect_runner(options.runner)
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
        "memory": options.memory,
        "raw_from": _absolute_raw_from(options.raw_from),
        "runner": options.runner,
        "database": None if warehouse.lake is None else warehouse.lake.address,
        "raw": options.raw,
    }


def _expect_runner(runner: str | None) -> None:
    if runner is not None:
        from leaderboard_etl.dask_runner import cluster_address

        cluster_address(runner)


def _expect_deadline(minutes: float) -> None:
    if not minutes >= 0:  # `nan` is refused as well
        raise UsageError("--deadline is a number of minutes, 0 or more")


def _absolute_raw_from(raw_from: str | None) -> str | None:
    """Makes a folder's path absolute, because a flow may run in another directory."""
    return raw_from if raw_from is None or raw_from.startswith("hf://") else str(Path(raw_from).resolve())


def _prepare(options: argparse.Namespace) -> None:
    """Sets the environment that huggingface_hub and datasets read when they are imported."""
    from leaderboard_etl.hub.transport import prepare_environment

    prepare_environment(hub_address(None if options.hub == SAMPLE else options.hub))


def _rebuild(options: argparse.Namespace, warehouse: Warehouse) -> dict[str, Any]:
    from leaderboard_etl.dask_runner import batches_on
    from leaderboard_etl.pipeline import rebuild

    begun = time.monotonic()
    most_memory_bytes = None if options.memory is None else memory_bytes(options.memory)
    notes: list[str] = []
    with batches_on(options.runner, warehouse.prefect):
        findings = rebuild(warehouse, most_memory_bytes=most_memory_bytes, raw=options.raw, say=notes.append)
    seconds = time.monotonic() - begun
    return {
        "status": "published",
        "exit_code": 0,
        "database": warehouse.published_name,
        "seconds": seconds,
        "n_checks": len(findings),
        "notes": notes,
    }


def _print_outcome(outcome: dict[str, Any], warehouse: Warehouse) -> None:
    if outcome["status"] == "failed":
        print(f"leaderboard-etl: {runnable(outcome['message'], warehouse)}", file=sys.stderr)
        return
    print_table(outcome["rows"])
    for note in outcome["notes"]:
        print(f"  {note}")
    for line in outcome["changed"]:
        print(f"  {line}")
    if outcome["changed"]:
        print(f"  every change, with its link: {of_warehouse(warehouse, 'changes', '--all')}")
    print(f"{outcome['headline']}; warehouse: {outcome['database']}")
    held = (outcome["load"] or {}).get("summary") or {}
    if held:
        print("it holds: " + ", ".join(f"{name} {count:,}" for name, count in held.items()))
    print(f'try: {of_warehouse(warehouse, "sql")} "{TRY_NEXT}"')
