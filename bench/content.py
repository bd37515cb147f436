"""The content of a warehouse as hashes: `python -m bench.content WAREHOUSE [--keep FILE | --against FILE]`.

There is one row per table (its row count, and a content hash that does not depend on the order of rows) and one per
exported file (bytes and sha256). --keep writes them to FILE. --against compares them with FILE, prints what differs,
and returns exit code 1 if anything does. Run it before and after a refactoring to show that the content is the same;
rebuild the warehouse with `leaderboard-etl run --offline` before each run.

Compare on one kind of processor: the fits' tables hold doubles as computed, whose last digits depend on which instructions
the linear algebra finds (with others 1,538 of 7,704 rows of mart.scaling_fit of a genuine night differ in the fifteenth digit
or later). Exported files, which round, are equal.
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

# Tables about the code that built the file, not about its content.
_OF_THE_BUILD = ("ops.build", "ops.analysis_inputs", "ops.replaced_rows")


def main() -> None:
    """Prints, writes or compares the hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--keep", type=Path, help="write the hashes here")
    parser.add_argument("--against", type=Path, help="compare with these")
    arguments = parser.parse_args()
    current = hashes(Warehouse(arguments.warehouse))
    if arguments.keep:
        with arguments.keep.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("name", "size", "hash"), *sorted(current)])
    elif arguments.against:
        with arguments.against.open(newline="") as file:
            before = {(name, int(size), digest) for name, size, digest in list(csv.reader(file))[1:]}
        differing = sorted({row[0] for row in before ^ current})
        for name in differing:
            print(f"{name}: {_shown(before, name)} before, {_shown(current, name)} now")
        print(f"{len(current) - len(differing)} of {len(current)} equal")
        sys.exit(bool(differing))
    else:
        for name, size, digest in sorted(current):
            print(f"{size:>12,} {digest[:16]:<16} {name}")


def hashes(warehouse: Warehouse) -> set[tuple[str, int, str]]:
    """(name, rows or bytes, hash) of every table of the published file and of every exported file."""
    tables = database_facts(warehouse.database)["tables"]
    table_rows = {(name, facts["rows"], str(facts["content_hash"])) for name, facts in tables.items()}
    files = make_snapshot(warehouse, None)
    exported = {(f"export/{name}", len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    return {row for row in table_rows if row[0] not in _OF_THE_BUILD} | exported


def _shown(rows: set[tuple[str, int, str]], name: str) -> str:
    return next((f"{size:,} ({digest[:8]})" for each, size, digest in rows if each == name), "absent")


if __name__ == "__main__":
    main()
