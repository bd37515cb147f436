"""`changes`: what is new, restated, withdrawn or judged otherwise, load by load."""

from __future__ import annotations

import argparse
from contextlib import closing

from leaderboard_etl.commands.display import print_json
from leaderboard_etl.commands.parsing import Commands, add_command, day
from leaderboard_etl.commands.rows_file import write_rows
from leaderboard_etl.days import FORMS
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

_TABLE = """
    from mart.changes
    where list_contains($loads, load_id) and (is_notable or $has_all)
    order by load_id, kind, source_id, model_id, comparable_group, openness, variant_id, subject
"""


def register(commands: Commands) -> None:
    """Registers `changes`."""
    command = add_command(
        commands, "changes", _changes, "what is new, restated or withdrawn, who leads now, and which verdicts flipped"
    )
    command.add_argument(
        "--since",
        type=day,
        metavar="DATE",
        help=f"loads of this day and later, UTC: {FORMS} (default: the newest load with news)",
    )
    command.add_argument(
        "--until", type=day, metavar="DATE", help=f"loads up to the end of this day, UTC: {FORMS} (default: all)"
    )
    command.add_argument("--all", action="store_true", help="every change, not only the notable ones")
    command.add_argument(
        "--format",
        choices=("text", "json", "csv", "md"),
        default="text",
        help="csv has rows of mart.changes (default: text)",
    )


def _changes(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Prints what the loads of some days changed. Raises UsageError for days of which the first is after the last."""
    from leaderboard_etl.target.opening import made_by_this_code, open_published
    from leaderboard_etl.warehouse.changes import load_changes
    from leaderboard_etl.warehouse.changes_text import as_json, lines, markdown

    if options.since and options.until and options.since > options.until:
        raise UsageError(f"--since {options.since} is after --until {options.until}: no load can lie between them")
    with made_by_this_code(warehouse.database), closing(open_published(warehouse)) as con:
        is_newest = options.since is None and options.until is None
        loads = load_changes(
            con,
            since=options.since,
            until=options.until,
            newest=1 if is_newest else None,
            has_all=options.all and options.format != "csv",
        )
        if options.format == "csv":
            given = {"loads": [load.load_id for load in loads], "has_all": options.all}
            write_rows(con.sql(_TABLE, params=given), "csv", None)
            return 0
    if options.format == "json":
        print_json([as_json(load) for load in loads])
        return 0
    for load in loads:
        print(markdown(load) if options.format == "md" else "\n".join(lines(load)))
    if not loads:
        print("no load of these days brought news")
    return 0
