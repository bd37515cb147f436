"""`export` and `verify`: the article's files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.export.snapshot import verify_snapshot, write_snapshot
from leaderboard_etl.settings import Warehouse


def export(warehouse: Warehouse, folder: Path, *, as_of: date | None, as_json: bool) -> int:
    """Writes the snapshot and says what is in it and what could not be."""
    manifest = write_snapshot(warehouse, folder, as_of)
    if as_json:
        print_json(manifest)
        return 0
    print(
        f"wrote {folder}, the state as of {manifest['as_of']} (loads {manifest['load_ids']}, hub {manifest['hub']!r})"
    )
    print_table(
        [
            {"file": name, "rows": facts["rows"], "bytes": facts["bytes"], "sha256": facts["sha256"][:16]}
            for name, facts in manifest["files"].items()
        ]
    )
    sizes = [row for row in manifest["excluded"] if row["n_without_size"]]
    left_out = sum(row["n_without_size"] for row in sizes if row["openness"] == "proprietary")
    print(f"left out of model_scaling.csv: {left_out} points of proprietary models without a published size; counts by")
    print(f"group and side are in {folder / 'manifest.json'} under 'excluded'")
    print(f"check it any time: leaderboard-etl verify {folder}")
    return 0


def verify(warehouse: Warehouse, folder: Path, *, as_json: bool) -> int:
    """Says of each file whether it is as the manifest says; exit code 1 if one is not."""
    findings, word = verify_snapshot(warehouse, folder)
    is_good = all(finding.problem is None for finding in findings)
    if as_json:
        print_json({"is_good": is_good, "recomputed": word, "files": {f.name: f.problem for f in findings}})
    else:
        print_table([{"file": f.name, "state": f.problem or "as the manifest says"} for f in findings])
        print(word)
        print("the snapshot is good" if is_good else "the snapshot is not what its manifest says")
    return 0 if is_good else 1
