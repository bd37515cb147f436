"""`export`, `verify` and `publish`: the article's files, as a folder and as a dataset on the Hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.hints import pasteable
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command, add_json
from leaderboard_etl.settings import Warehouse


def register(commands: Commands) -> None:
    """Registers `export`, `verify` and `publish`."""
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
    add_json(command, "print the manifest")

    command = add_command(
        commands,
        "verify",
        verify,
        "check an exported folder byte for byte, and against the warehouse",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="the exported folder")
    add_json(command)

    command = add_command(commands, "publish", publish, "put the snapshot on the Hub as a dataset (needs HF_TOKEN)")
    command.add_argument(
        "--repo", required=True, metavar="ORG/NAME", help="the dataset repository; created if it does not exist"
    )
    command.add_argument(
        "--with-raw", action="store_true", help="with packs of the landed files, for others' run --raw-from"
    )
    command.add_argument(
        "--raw", metavar="URL", help="with --with-raw: where our own raw store lives, as `run --raw` says"
    )
    add_as_of(command)
    command.add_argument("--hub", metavar="URL", help="the Hub to write to (default: HF_ENDPOINT, else the public Hub)")
    add_json(command)


def export(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Writes the snapshot and prints what it contains and what it leaves out."""
    from leaderboard_etl.export import summary
    from leaderboard_etl.export.folder import write_snapshot

    folder: Path = options.out
    with_database = options.with_database or options.database == ""
    manifest = write_snapshot(warehouse, folder, options.as_of, with_database=with_database)
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


def publish(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Publishes the snapshot on the Hub as a dataset, and prints the result."""
    from leaderboard_etl.export.publish import publish_snapshot
    from leaderboard_etl.options import hub_address

    to = hub_address(options.hub)
    published = publish_snapshot(warehouse, options.repo, to, options.as_of, with_raw=options.with_raw, raw=options.raw)
    if options.json:
        print_json({"url": published.url, "commit": published.commit, "tag": published.tag, "note": published.note})
        return 0
    if published.commit is None:
        print(f"{published.url} holds this snapshot already: nothing was changed")
    else:
        tagged = "" if published.tag is None else f", tag {published.tag}"
        print(f"published {published.url} at commit {published.commit[:12]}{tagged}")
    if published.note:
        print(published.note)
    return 0
