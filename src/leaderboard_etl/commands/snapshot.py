"""`export`, `verify`, `diff` and `publish`: the article's files, as a folder and as a dataset on the Hub."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, print_table
from leaderboard_etl.commands.hints import pasteable
from leaderboard_etl.commands.parsing import Commands, Parser, add_as_of, add_command, add_json
from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    from leaderboard_etl.export.difference import TableDifference
    from leaderboard_etl.hub.upload import Pushed

# As many rows of each table as one reads on a terminal.
_MOST_SHOWN = 20


def register(commands: Commands) -> None:
    """Registers `export`, `verify`, `diff` and `publish`."""
    command = add_command(
        commands, "export", export, "write the article's files and their manifest", needs_address=False
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    add_as_of(command)
    command.add_argument(
        "--with-database",
        action="store_true",
        help="with warehouse.duckdb, the whole state as one file; --database without an address means this as well",
    )
    command.add_argument(
        "--format",
        choices=("article", "every-eval-ever"),
        default="article",
        help="the article's files, or every score as a record of Every Eval Ever, schema 0.3 (default: %(default)s)",
    )
    _add_redistributable(command)
    add_json(command, "print the manifest")

    command = add_command(
        commands,
        "verify",
        verify,
        "check an exported folder byte for byte, and against the warehouse",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="the exported folder")
    add_json(command)

    command = add_command(commands, "diff", diff, "say what changed between two exported folders", needs_address=False)
    command.add_argument("before", type=Path, metavar="BEFORE", help="the earlier folder")
    command.add_argument("after", type=Path, metavar="AFTER", help="the later folder")
    command.add_argument("--table", metavar="NAME", help="every row of this table; else the first few of each")
    add_json(command, "print every row")

    command = add_command(
        commands,
        "publish",
        publish,
        "put the snapshot on the Hub as a dataset, or its explorer as a Space (needs HF_TOKEN)",
    )
    command.add_argument("--repo", metavar="ORG/NAME", help="the dataset repository; created if it does not exist")
    command.add_argument(
        "--space", metavar="ORG/NAME", help="the static Space for the explorer; created if it does not exist"
    )
    command.add_argument(
        "--with-raw", action="store_true", help="with packs of the landed files, for others' run --raw-from"
    )
    command.add_argument(
        "--raw", metavar="URL", help="with --with-raw: where our own raw store lives, as `run --raw` says"
    )
    add_as_of(command)
    _add_redistributable(command)
    command.add_argument("--hub", metavar="URL", help="the Hub to write to (default: HF_ENDPOINT, else the public Hub)")
    add_json(command)


def _add_redistributable(command: Parser) -> None:
    command.add_argument(
        "--redistributable",
        action="store_true",
        help="without scores whose source states no licence to pass them on, and without pictures",
    )


def export(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Writes the snapshot and prints what it contains and what it leaves out."""
    from leaderboard_etl.export import summary
    from leaderboard_etl.export.folder import write_snapshot

    folder: Path = options.out
    with_database = options.with_database or options.database == ""
    if with_database and options.redistributable:
        raise UsageError("--with-database writes every score, and --redistributable leaves some out: choose one")
    if options.format == "every-eval-ever":
        return _export_records(options, warehouse, with_database=with_database)
    manifest = write_snapshot(
        warehouse, folder, options.as_of, with_database=with_database, is_redistributable=options.redistributable
    )
    if options.json:
        print_json(manifest)
        return 0
    print(f"wrote {folder}, {summary.headline(manifest)}")
    print_table(summary.file_rows(manifest))
    for line in summary.left_out(manifest):
        print(line)
    print(f"more of what was left out, and why: {folder / 'manifest.json'}, 'excluded'")
    print(f"check it any time: {pasteable('verify', '-w', warehouse.root, folder)}")
    return 0


def _export_records(options: argparse.Namespace, warehouse: Warehouse, *, with_database: bool) -> int:
    from leaderboard_etl.export import summary
    from leaderboard_etl.export.folder import write_records

    if with_database:
        raise UsageError("--format every-eval-ever writes records alone: leave out --with-database")
    manifest = write_records(warehouse, options.out, options.as_of, is_redistributable=options.redistributable)
    if options.json:
        print_json(manifest)
        return 0
    n_records = sum(name.startswith("data/") for name in manifest["files"])
    print(f"wrote {options.out}: {how_many(n_records, 'record')} of {summary.headline(manifest)}")
    print(f"what a record keeps and what it loses: {options.out / 'README.md'}")
    print(f"check it any time: {pasteable('verify', '-w', warehouse.root, options.out)}")
    return 0


def verify(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Prints for each file whether it is as the manifest says; exit code 1 if one is not."""
    from leaderboard_etl.export.verify import verify_snapshot

    states, comparison = verify_snapshot(warehouse, options.folder)
    is_good = all(state.problem is None for state in states)
    if options.json:
        print_json({"is_good": is_good, "recomputed": comparison, "files": {f.name: f.problem for f in states}})
    else:
        print_table([{"file": f.name, "state": f.problem or "unchanged"} for f in states])
        print(comparison)
        print("every file is as the manifest says" if is_good else "the snapshot is not what its manifest says")
    return 0 if is_good else 1


def diff(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Prints for each table how many rows came, went and changed, and which; exit code 3 if anything did."""
    from leaderboard_etl.export.difference import snapshot_difference

    every = snapshot_difference(options.before, options.after)
    names = [each.table for each in every]
    if options.table is not None and options.table not in names:
        raise UsageError(f"--table {options.table}: these snapshots have {', '.join(names)}")
    told = [each for each in every if not each.is_none and options.table in (None, each.table)]
    if options.json:
        print_json([asdict(each) for each in told])
        return 3 if told else 0
    counts = [
        {"table": each.table, "gone": len(each.gone), "new": len(each.new), "changed": len(each.changed)}
        for each in told
    ]
    print_table(counts, title=f"from {options.before} to {options.after}" if told else None)
    for each in told:
        _print_difference(each, None if options.table else _MOST_SHOWN)
    if not told:
        print("the tables are equal" if options.table is None else f"{options.table} is equal")
    return 3 if told else 0


def _print_difference(difference: TableDifference, most: int | None) -> None:
    if difference.only_in is not None:
        print(f"{difference.table}: only {difference.only_in} has this table")
        return
    if difference.other_columns:
        print(f"{difference.table}: only one of them has the columns {', '.join(difference.other_columns)}")
    lines = [f"- {_key(key)}" for key in difference.gone]
    lines += [f"+ {_key(key)}" for key in difference.new]
    lines += [
        f"~ {_key(key)}: {', '.join(f'{name} {_cell(old)} -> {_cell(new)}' for name, (old, new) in cells.items())}"
        for key, cells in difference.changed
    ]
    if lines:
        print(f"{difference.table}:")
    for line in lines[:most]:
        print(f"  {line}")
    if most is not None and len(lines) > most:
        print(f"  and {len(lines) - most:,} more: --table {difference.table}")


def _key(values: Mapping[str, Any]) -> str:
    return " ".join(_cell(value) for value in values.values() if value is not None)


def _cell(value: object) -> str:
    return "blank" if value is None else plain(value)


def publish(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Publishes the snapshot on the Hub as a dataset, its explorer as a Space, or both, and prints the result."""
    from leaderboard_etl.export.publish import genuine_snapshot, publish_explorer, publish_snapshot
    from leaderboard_etl.hub.upload import writing_token
    from leaderboard_etl.options import hub_address

    to = hub_address(options.hub)
    if options.repo is None and options.space is None:
        raise UsageError("say where to: --repo ORG/NAME for the dataset, --space ORG/NAME for the explorer, or both")
    if options.repo is None and (options.with_raw or options.raw):
        raise UsageError("--with-raw and --raw are of the dataset: say --repo ORG/NAME too")
    if options.with_raw and options.redistributable:
        raise UsageError("--with-raw passes every landed file on, and --redistributable leaves some out: choose one")
    # What nobody could write is said at once: to make a snapshot takes long.
    for repo_id in filter(None, (options.repo, options.space)):
        writing_token(to, repo_id)
    # One snapshot for both: a run that publishes in between would make them differ. The explorer shows no pictures.
    snapshot = genuine_snapshot(
        warehouse,
        options.as_of,
        with_pictures=None if options.repo is not None else False,
        is_redistributable=options.redistributable,
    )
    every = []
    if options.repo is not None:
        every.append(
            publish_snapshot(snapshot, warehouse, options.repo, to, with_raw=options.with_raw, raw=options.raw)
        )
        _say_published(every[-1], options.json)
    if options.space is not None:
        every.append(publish_explorer(snapshot, options.space, to))
        _say_published(every[-1], options.json)
    if options.json:
        told = [{"url": p.url, "commit": p.commit, "tag": p.tag, "note": p.note} for p in every]
        print_json(told[0] if len(told) == 1 else told)
    return 0


def _say_published(published: Pushed, is_json: bool) -> None:
    if is_json:
        return
    if published.commit is None:
        print(f"{published.url} holds this snapshot already: nothing was changed")
    else:
        tagged = "" if published.tag is None else f", tag {published.tag}"
        print(f"published {published.url} at commit {published.commit[:12]}{tagged}")
    if published.note:
        print(published.note)
