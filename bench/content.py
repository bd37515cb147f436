"""What a warehouse says, as hashes: `python -m bench.content WAREHOUSE [--keep FILE | --against FILE]`.

A row per table (rows, and a hash of its content whatever the order of rows) and a row per exported file (bytes and sha256).
--keep writes them to FILE; --against compares with FILE, prints what differs and ends with 1 if anything does. Made before a
change of the code's structure and compared after it, they show whether the structure alone changed: rebuild the warehouse with
`leaderboard-etl run --offline` before each.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from pathlib import Path

from leaderboard_etl.export.database import database_facts
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.settings import Warehouse

# They tell which code built the file, not what it holds.
_OF_THE_BUILD = ("ops.build",)


def main() -> None:
    """Prints, keeps or compares the hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--keep", type=Path, help="write the hashes here")
    parser.add_argument("--against", type=Path, help="compare with these")
    given = parser.parse_args()
    now = hashes(Warehouse(given.warehouse))
    if given.keep:
        with given.keep.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("name", "size", "hash"), *sorted(now)])
    elif given.against:
        with given.against.open(newline="") as file:
            before = {(name, int(size), digest) for name, size, digest in list(csv.reader(file))[1:]}
        differing = sorted({row[0] for row in before ^ now})
        for name in differing:
            print(f"{name}: {_told(before, name)} before, {_told(now, name)} now")
        print(f"{len(now) - len(differing)} of {len(now)} equal")
        sys.exit(bool(differing))
    else:
        for name, size, digest in sorted(now):
            print(f"{size:>12,} {digest[:16]:<16} {name}")


def hashes(warehouse: Warehouse) -> set[tuple[str, int, str]]:
    """(name, rows or bytes, hash) of every table of the published file and of every file that an export writes."""
    tables = database_facts(warehouse.database)["tables"]
    found = {(name, facts["rows"], str(facts["content_hash"])) for name, facts in tables.items()}
    files = make_snapshot(warehouse, None)
    exported = {(f"export/{name}", len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    return {row for row in found if row[0] not in _OF_THE_BUILD} | exported


def _told(rows: set[tuple[str, int, str]], name: str) -> str:
    return next((f"{size:,} ({digest[:8]})" for each, size, digest in rows if each == name), "absent")


if __name__ == "__main__":
    main()
