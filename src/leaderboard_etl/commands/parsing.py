"""Shared parts of the command parsers: registering a command, common options, and errors in one line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn, TypeAlias

from leaderboard_etl.days import FORMS, named_day
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import (
    DEFAULT_CARD_BUDGET,
    DEFAULT_DEADLINE_MINUTES,
    Warehouse,
    default_database,
    default_warehouse,
    warehouse_at,
)
from leaderboard_etl.termination import WORDS

Command: TypeAlias = Callable[[argparse.Namespace, Warehouse], int]


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError with one line, and also accepts options between the arguments of a command."""

    _is_intermixed = False

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{self.prog} --help` shows the usage")

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Like argparse's method, but `show -w W ID` passes the ID to `show`; argparse would refuse it."""
        if self._subparsers is not None or self._is_intermixed:
            return super().parse_known_args(args, namespace)
        self._is_intermixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_intermixed = False


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(commands: Commands, name: str, run: Command, text: str, *, needs_address: bool = True) -> Parser:
    """Registers a command: `run` takes the options and their warehouse, and returns the exit code. Unless `needs_address`,
    --database may stand without an address; it is '' then."""
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument(
        "-w",
        "--warehouse",
        type=Path,
        default=default_warehouse(),
        metavar="DIR",
        help="the warehouse folder (default: LEADERBOARD_ETL_WAREHOUSE, else warehouse/)",
    )
    command.add_argument(
        "--database",
        nargs=None if needs_address else "?",
        const=None if needs_address else "",
        metavar="ADDRESS",
        help="where the tables are, if not in the folder: ducklake:sqlite:PATH, ducklake:postgres:dbname=NAME host=HOST or"
        " md:NAME (default: LEADERBOARD_ETL_DATABASE)",
    )
    command.set_defaults(run=run, is_terminable=True, last_words=WORDS)
    return command


def warehouse_of(options: argparse.Namespace) -> Warehouse:
    """The warehouse in the options. Raises UsageError if it is a file, if the locale cannot read its name, or for an address
    of a database that is none."""
    if options.warehouse.is_file():
        raise UsageError(f"{options.warehouse} is a file, not a folder: choose another --warehouse")
    if any("\ud800" <= letter <= "\udfff" for letter in str(options.warehouse)):
        raise UsageError(f"this locale cannot read the name of the folder {options.warehouse}: set PYTHONUTF8=1")
    return warehouse_at(options.warehouse, options.database or default_database())


def add_json(command: Parser, text: str = "print as JSON") -> None:
    """Adds --json."""
    command.add_argument("--json", action="store_true", help=text)


def add_as_of(command: Parser) -> None:
    """Adds --as-of DATE."""
    command.add_argument("--as-of", type=day, metavar="DATE", help=f"the state at the end of that day, UTC: {FORMS}")


def add_hub(command: Parser, verb: str = "read") -> None:
    """Adds --hub URL|sample."""
    command.add_argument(
        "--hub", metavar="URL|sample", help=f"the Hub to {verb} (default: HF_ENDPOINT, else the public Hub)"
    )


def add_only(command: Parser) -> None:
    """Adds --only SOURCE, which may be repeated."""
    command.add_argument("--only", action="append", metavar="SOURCE", help="only this source; may be repeated")


def add_deadline(command: Parser) -> None:
    """Adds --deadline MIN."""
    command.add_argument(
        "--deadline",
        type=float,
        default=DEFAULT_DEADLINE_MINUTES,
        metavar="MIN",
        help="stop asking the Hub after this many minutes, and publish what arrived (default: %(default)g)",
    )


def add_night(command: Parser) -> None:
    """Adds the options of a night: --hub, --only, --full, --card-budget, --deadline and so on."""
    add_hub(command)
    add_only(command)
    command.add_argument(
        "--full", action="store_true", help="list every repository again even if its head has not moved"
    )
    command.add_argument(
        "--card-budget",
        type=int,
        default=DEFAULT_CARD_BUDGET,
        metavar="N",
        help="API calls to spend on model cards (default: %(default)s)",
    )
    add_deadline(command)
    add_raw_from(command)
    command.add_argument(
        "--raw",
        metavar="URL",
        help="where our own raw store and ledger live, e.g. s3://BUCKET/FOLDER; the warehouse folder is then a copy that may"
        " be empty at the start",
    )
    command.add_argument(
        "--memory",
        metavar="SIZE",
        help="memory to plan with, e.g. 1GB, which suffices to about 40,000 result files: it bounds DuckDB, not the frames of"
        " models and scores beside it (default: half of what the machine or its cgroup has)",
    )
    command.add_argument(
        "--runner",
        metavar="threads|dask[:ADDRESS]",
        help="where files are parsed: in this process, on two Dask workers of our own, or on a cluster, e.g."
        " dask:tcp://host:8786 (default: threads)",
    )
    add_watching(command)
    command.add_argument(
        "--accept", action="append", metavar="SOURCE@REVISION", help="accept a source that was held back at this commit"
    )


def add_raw_from(command: Parser) -> None:
    """Adds --raw-from."""
    command.add_argument(
        "--raw-from",
        metavar="DIR|hf://datasets/ORG/NAME",
        help="look for files in another warehouse or a pack of one before asking the Hub",
    )


def add_watching(command: Parser) -> None:
    """Adds --notify and --metrics."""
    command.add_argument(
        "--notify",
        metavar="URL|CMD",
        help="send the outcome of a failed or degraded run as JSON: by POST to an address, or to a command's standard input",
    )
    command.add_argument(
        "--metrics",
        type=Path,
        metavar="FILE",
        help="at the end, write metrics for a monitor to this file, as OpenMetrics text",
    )


def day(text: str) -> date:
    """The day that an option names. Raises ArgumentTypeError for other text."""
    try:
        return named_day(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
