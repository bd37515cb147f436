"""`mcp`: the warehouse for language models, as a server of the Model Context Protocol on standard input and output."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from leaderboard_etl.commands.parsing import Commands, add_command
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

MOST_ROWS = 200
TIME_LIMIT_SECONDS = 30.0


def register(commands: Commands) -> None:
    """Registers `mcp`."""
    command = add_command(
        commands,
        "mcp",
        _mcp,
        "serve the published warehouse to language models, read-only (Model Context Protocol, stdio)",
    )
    command.add_argument(
        "--most-rows",
        type=_positive,
        default=MOST_ROWS,
        metavar="N",
        help="rows of an answer at most (default: %(default)s)",
    )
    command.add_argument(
        "--time-limit",
        type=_positive,
        default=TIME_LIMIT_SECONDS,
        metavar="SECONDS",
        help="a query that takes longer is interrupted (default: %(default)g)",
    )


def _mcp(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Serves until standard input ends. Raises UsageError where the packages of the extra are not installed."""
    if find_spec("mcp") is None:
        raise UsageError("mcp needs packages of an extra: pip install 'leaderboard-etl[mcp]'")
    from leaderboard_etl.commands.mcp_server import serve

    serve(warehouse, most_rows=int(options.most_rows), time_limit_seconds=options.time_limit)
    return 0


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 1 or more")
    return value
