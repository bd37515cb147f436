"""A night over a Hub's folder, and the same with small folders laid over it; everything that a case does not touch must
be equal.

    python tests/reliability/cases.py HUB CASE... [--server COMMAND] [--work DIR]

HUB and each CASE are folders in the Hub's layout (`datasets/`, `models/`, `spaces/`, `_api/`); a CASE may also contain
such a folder as `hub/`. Leaderboards of benchmark datasets (`_api/datasets/*/*.json`) are merged; any other file of a
case replaces the Hub's. COMMAND serves a folder (`{root}`) and prints its address; without it the project's own server
is used. Each night is a `run` in its own process into an empty warehouse. Prints one line per case. Exit code 1 if one
was not published (exit code 0 or 3) or changed a row of raw, history or core about something that it does not touch.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

_KINDS = ("models", "datasets", "spaces")
_SCHEMAS = ("raw", "history", "core")
# Not compared: the load, the commit, and the position in a file that also holds other rows.
_NOT_COMPARED = {"load_id", "first_load_id", "last_load_id", "closed_load_id", "valid_from", "valid_to", "fetched_at"}
_NOT_COMPARED |= {"revision"}
_OF_FILE = {"blob_id", "size_bytes", "locator"}
_SHOWN = 3


@dataclass(frozen=True)
class Night:
    """How a run ended, and the file that it published."""

    exit_code: int
    message: str
    database: Path


def main(arguments: Sequence[str]) -> int:
    """Runs the night without a case, and one for each case; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("hub", type=Path)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--server", help="command that serves {root} and prints its address")
    parser.add_argument("--work", type=Path, help="folder to keep the warehouses in; default: a temporary one")
    options = parser.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        plain = run_night(options.hub, work / "plain", options.server)
        print(f"without a case: exit {plain.exit_code} {plain.message}", flush=True)
        if plain.exit_code not in (0, 3):
            return 1
        for case in options.cases:
            folder = case / "hub" if (case / "hub").is_dir() else case
            with laid_over(options.hub, folder) as merged:
                night = run_night(merged, work / case.name, options.server)
            changed = []
            if night.exit_code in (0, 3):
                changed = differences(plain.database, night.database, touched(folder), files_of(folder))
            failed |= night.exit_code not in (0, 3) or bool(changed)
            said = "; ".join(changed) or ("all other rows equal" if night.exit_code in (0, 3) else "nothing published")
            print(f"{case.name}: exit {night.exit_code} {night.message}: {said}", flush=True)
    return int(failed)


def run_night(hub: Path, warehouse: Path, server: str | None) -> Night:
    """One run over a Hub's folder into an empty warehouse."""
    shutil.rmtree(warehouse, ignore_errors=True)
    with _served(hub, server) as address, tempfile.TemporaryDirectory() as home:
        called = [
            sys.executable,
            "-m",
            "leaderboard_etl.cli",
            "run",
            "--hub",
            address,
            "--warehouse",
            str(warehouse),
            "--json",
        ]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        ended = subprocess.run(called, capture_output=True, text=True, env={**clean, "HF_HOME": home}, check=False)
    try:
        message = json.loads(ended.stdout)["headline"]
    except (ValueError, KeyError):
        message = (ended.stderr.strip().splitlines() or [""])[-1]
    return Night(ended.returncode, message, warehouse / "leaderboard.duckdb")


@contextmanager
def laid_over(hub: Path, case: Path) -> Iterator[Path]:
    """Within the block: a folder with the Hub's files and those of the case."""
    with tempfile.TemporaryDirectory() as scratch:
        merged = Path(scratch) / "hub"
        for part in (*_KINDS, "_api"):
            if (hub / part).is_dir():
                shutil.copytree(hub / part, merged / part)
        for file in sorted(path for path in case.rglob("*") if path.is_file()):
            target = merged / file.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            boards = [json.loads(path.read_bytes()) for path in (target, file) if _is_board(path)]
            if len(boards) == 2:
                merged_board = [*boards[0].get("leaderboard", []), *boards[1].get("leaderboard", [])]
                target.write_text(json.dumps({**boards[0], **boards[1], "leaderboard": merged_board}))
            else:
                shutil.copyfile(file, target)
        yield merged


def touched(case: Path) -> set[str]:
    """The models that the case is about, and the repositories about one of these models."""
    names = {"/".join(file.relative_to(case).parts[1:3]) for file in (case / "models").rglob("*")}
    for file in (case / "datasets").rglob("*.json"):  # a result or request file in its model's folder
        inner = "/".join(file.relative_to(case).parts[3:])
        names |= {inner.rpartition("/")[0], inner.partition("/")[0], inner.partition("_eval_request_")[0]}
        names.add(inner.partition("/")[0].replace("__", "/", 1))
    for file in (case / "_api").rglob("*.json"):
        said = json.loads(file.read_bytes())
        if file.relative_to(case).parts[1] == "models":
            names.add("/".join(file.relative_to(case).parts[2:]).removesuffix(".json"))
        names.add(str(said.get("_moved_to", "")))
        names |= {str(entry.get("modelId")) for entry in said.get("leaderboard") or []}
    return names - {""}


def files_of(case: Path) -> set[str]:
    """Repository and path of each file of the case in a repository shared with others, and of its leaderboards."""
    files = {
        "/".join(file.relative_to(case).parts[1:])
        for kind in ("datasets", "spaces")
        for file in (case / kind).rglob("*")
        if file.is_file()
    }
    boards = {
        "/".join(file.relative_to(case / "_api" / "datasets").parts).removesuffix(".json")
        for file in (case / "_api" / "datasets").rglob("*.json")
    }
    return files | {f"{dataset}/@api/leaderboard.json" for dataset in boards}


def differences(plain: Path, other: Path, names: set[str], files: set[str]) -> list[str]:
    """The differences of each table of raw, history and core, one text per table.

    Rows that contain one of `names`, ignoring letter case, and rows of raw about one of `files` are not compared.
    """
    found = []
    with duckdb.connect() as con:
        con.execute(f"attach '{plain}' as plain (read_only); attach '{other}' as other (read_only)")
        con.execute("create table touched as select lower(unnest(?::varchar[])) as name", [sorted(names)])
        con.execute("create table shared as select unnest(?::varchar[]) as name", [sorted(files)])
        for table, columns in _columns(con).items():
            # Keys are numbers in the order of files; history.subtask_scores shows what they stand for.
            if {"run_key", "metric_key"} & set(columns):
                continue
            compared = [name for name in columns if name not in _NOT_COMPARED]
            named = [name for name in ("source_name", "model_id", "repo_id") if name in columns]
            is_other = " and ".join(f"lower({name}) not in (from touched)" for name in named) or "true"
            if table == "raw.files":
                is_other += " and repo_id || '/' || path not in (from shared)"
            else:
                compared = [name for name in compared if name not in _OF_FILE]
            rows = [f"(select {', '.join(compared)} from {db}.{table} where {is_other})" for db in ("plain", "other")]
            for what, first, second in (("gone", *rows), ("new", *reversed(rows))):
                odd = con.execute(f"from {first} except all from {second}").fetchall()
                if odd:
                    found.append(f"{table}: {len(odd)} {what}, e.g. {odd[:_SHOWN]}")
    return found


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = con.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns()"
        " where database_name = 'plain' and list_contains(?, schema_name) group by all order by all",
        [list(_SCHEMAS)],
    ).fetchall()
    return dict(rows)


def _is_board(path: Path) -> bool:
    return path.is_file() and path.parent.parent.name == "datasets" and path.parent.parent.parent.name == "_api"


@contextmanager
def _served(root: Path, server: str | None) -> Iterator[str]:
    """The address at which a folder is served within the block."""
    if server is None:
        from faulty_hub import HubServer

        with HubServer(root) as own:
            yield own.url
        return
    command = [part.replace("{root}", str(root)) for part in shlex.split(server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[Any]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"https?://\S+", line):
            return match[0].rstrip("/.,")
    raise SystemExit("the server ended without printing an address")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
