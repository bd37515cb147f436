"""Summarises a snapshot in a few lines, for a terminal and for Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def headline(manifest: Mapping[str, Any]) -> str:
    """Names the state that the snapshot holds."""
    loads = manifest["load_ids"]
    of_loads = f"load {loads[0]}" if len(loads) == 1 else f"loads {loads[0]} to {loads[-1]}"
    return f"the state as of {manifest['as_of']} ({of_loads}, hub {manifest['hub']!r})"


def file_rows(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per file; `rows` is null for a file that is not a table."""
    return [
        {"file": name, "rows": facts.get("rows"), "bytes": facts["bytes"], "sha256": facts["sha256"][:16]}
        for name, facts in manifest["files"].items()
    ]


def left_out(manifest: Mapping[str, Any]) -> list[str]:
    """One line about the files that could not be made, and one with the number of proprietary models that the article's
    scatter chart cannot show, by group; each only if there are any."""
    return [*absent(manifest), *_unsized(manifest)]


def absent(manifest: Mapping[str, Any]) -> list[str]:
    """One line that names the files that could not be made, and says how to have them; empty if all were made."""
    if not manifest["absent"]:
        return []
    names = ", ".join(manifest["absent"])
    if manifest["is_redistributable"]:
        return [f"absent, because they show what may not be passed on: {names}"]
    return [
        f"absent, because nothing here can draw: {names}; pip install 'leaderboard-etl[pictures]', then export again"
    ]


def _unsized(manifest: Mapping[str, Any]) -> list[str]:
    rows = [
        row
        for row in manifest["excluded"].get("model_scaling.csv", [])
        if row.get("openness") == "proprietary" and row["reason"] == "size not published by the vendor"
    ]
    if not rows:
        return []
    counts = ", ".join(f"{row['comparable_group']} {row['n']} of {row['n_scored']}" for row in rows)
    return [f"proprietary models without a published size, in model_scaling_unsized.csv: {counts}"]


def markdown(manifest: Mapping[str, Any], folder: Path) -> str:
    """The summary as Markdown."""
    rows = [
        f"| {row['file']} | {'' if row['rows'] is None else row['rows']} | {row['bytes']} | {row['sha256']} |"
        for row in file_rows(manifest)
    ]
    lines = [f"# Snapshot: {headline(manifest)}", "", f"In `{folder}`.", ""]
    lines += ["| file | rows | bytes | sha256 |", "| --- | --- | --- | --- |", *rows, ""]
    return "\n".join([*lines, *left_out(manifest)]) + "\n"
