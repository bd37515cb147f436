"""How long other tools take for the same result files: `python -m bench.others FOLDER --python PYTHON`.

FOLDER/open-llm-leaderboard{-old,}/results/**.json are copied under other names, as bench.reading does. PYTHON is the
interpreter of an environment of its own with `dlt[duckdb,filesystem,parquet]` and `pandas`, neither of which this project
needs. Each tool runs in a process of its own and reads the files into one DuckDB table of ten columns: dlt's filesystem
source with its parquet loader and with its default loader, and pandas' json_normalize. None of them verifies bytes, judges
a record or keeps history. Ours is the whole rebuild without the analyses. The slow ones read `--slow-files` only; their time
grows with the number of files and is told for all of them. The start of a process and its imports are not measured.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_OURS = "ours"


def main() -> None:
    """Prints the seconds of each tool, and divided by ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5_000, help="result files to make (default: 5000)")
    parser.add_argument("--slow-files", type=int, default=200, help="files that the slow tools read (default: 200)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has dlt and pandas")
    parser.add_argument("--record", type=Path, help="add the figures to this CSV file")
    parser.add_argument("--tool", choices=[_OURS, *_TOOLS], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tool:
        _measure(arguments.tool, arguments.folder)
        return
    from bench.record import record

    rows = []
    with TemporaryDirectory() as scratch:
        folders = {
            n_files: _make(arguments.folder, n_files, Path(scratch))
            for n_files in (arguments.files, arguments.slow_files)
        }
        ours = _run(_OURS, folders[arguments.files], sys.executable)
        print(f"{arguments.files:,} result files; ours: {ours[0]:.2f} s of CPU, {ours[1]:.2f} s by the clock")
        rows.append((_OURS, arguments.files, *ours, 1.0, 1.0))
        for tool, (_, is_slow) in _TOOLS.items():
            n_files = arguments.slow_files if is_slow else arguments.files
            cpu_s, clock_s = (
                seconds * arguments.files / n_files for seconds in _run(tool, folders[n_files], arguments.python)
            )
            print(
                f"{tool:20} {cpu_s:8.1f} s of CPU, {cpu_s / ours[0]:6.1f} of ours {clock_s:8.1f} s by the clock,"
                f" {clock_s / ours[1]:6.1f} of ours" + (f"  (from {n_files} files)" if is_slow else ""),
                flush=True,
            )
            rows.append((tool, arguments.files, cpu_s, clock_s, cpu_s / ours[0], clock_s / ours[1]))
    record(arguments.record, rows)


def _make(folder: Path, n_files: int, scratch: Path) -> Path:
    """Makes the files, as files for the others and landed for us."""
    from bench.landing import land
    from bench.reading import RESULTS, made
    from leaderboard_etl.sources.base import SourceFile
    from leaderboard_etl.sources.registry import SOURCES

    root = scratch / str(n_files)

    def kept(source_id: str) -> Iterator[SourceFile]:
        repo_id = SOURCES[source_id].repo_id
        for file in made(folder / repo_id, repo_id, round(RESULTS[source_id] * n_files)):
            path = root / "files" / repo_id / file.version.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            yield file

    land(root / "warehouse" / "raw", {source_id: kept(source_id) for source_id in RESULTS})
    return root


def _run(tool: str, root: Path, python: str) -> tuple[float, float]:
    """Processor seconds and seconds by the clock of a tool, in a process of its own."""
    command = [python, str(Path(__file__).resolve()), str(root), "--tool", tool]
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]) if tool == _OURS else "",
        "DLT_DATA_DIR": str(root / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    if ended.returncode:
        raise SystemExit(f"{tool} failed: {(ended.stderr.strip().splitlines() or ['?'])[-1]}")
    cpu_s, clock_s = json.loads(ended.stdout.splitlines()[-1])
    return cpu_s, clock_s


def _measure(tool: str, root: Path) -> None:
    work = _ours if tool == _OURS else _TOOLS[tool][0]
    database = root / f"{tool}.duckdb"
    database.unlink(missing_ok=True)
    spent = work(root, database)
    print(json.dumps(spent))


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    begun, clock_s = os.times(), time.perf_counter()
    work()
    ended = os.times()
    return sum(ended[:4]) - sum(begun[:4]), time.perf_counter() - clock_s


def _ours(root: Path, database: Path) -> tuple[float, float]:
    from unittest.mock import patch

    from leaderboard_etl.code_version import code_version
    from leaderboard_etl.pipeline import publishing
    from leaderboard_etl.settings import Warehouse
    from leaderboard_etl.warehouse.marts import build_marts

    code_version()
    analyses = []
    with patch(
        "leaderboard_etl.warehouse.build.build_marts",
        lambda *given, **named: analyses.append(_spent(lambda: build_marts(*given, **named))),
    ):
        whole = _spent(lambda: publishing.rebuild(Warehouse(root / "warehouse")))
    return whole[0] - analyses[0][0], whole[1] - analyses[0][1]


def _rows(path: str, content: bytes) -> list[dict[str, Any]]:
    """Ten columns of every metric of a file, with the standard library."""
    loaded = json.loads(content)
    config = {**(loaded.get("config") or {}), **(loaded.get("config_general") or {})}
    rows = []
    for key, values in loaded["results"].items():
        for name, value in values.items():
            if isinstance(value, float) and "_stderr" not in name:
                metric, comma, rest = name.partition(",")
                error = values.get(f"{metric}_stderr{comma}{rest}")
                is_stated = isinstance(error, float) and math.isfinite(error)
                rows.append(
                    {
                        "path": path,
                        "model": path.rsplit("/", 1)[0],
                        "model_sha": config.get("model_sha"),
                        "model_dtype": config.get("model_dtype"),
                        "task": key,
                        "metric": metric,
                        "metric_filter": rest or "none",
                        "score_raw": value if math.isfinite(value) else None,
                        "stderr_raw": error if is_stated else None,
                        "n_shot": int(found[1]) if (found := re.search(r"\|(\d+)$", key)) else None,
                    }
                )
    return rows


def _dlt(root: Path, database: Path, loader: dict[str, str]) -> tuple[float, float]:
    dlt: Any = import_module("dlt")
    filesystem: Any = import_module("dlt.sources.filesystem").filesystem
    import_module("duckdb")

    @dlt.transformer(name="score", write_disposition="replace")  # type: ignore[untyped-decorator]
    def parse(items: list[Any]) -> Iterator[list[dict[str, Any]]]:
        for item in items:
            yield _rows(item["relative_path"], item.read_bytes())

    def load() -> None:
        files = filesystem(bucket_url=(root / "files").as_uri(), file_glob="**/*.json")
        pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(str(database)), dataset_name="bench")
        pipeline.run(files | parse, **loader)

    return _spent(load)


def _dlt_parquet(root: Path, database: Path) -> tuple[float, float]:
    return _dlt(root, database, {"loader_file_format": "parquet"})


def _dlt_default(root: Path, database: Path) -> tuple[float, float]:
    return _dlt(root, database, {})


def _json_normalize(root: Path, database: Path) -> tuple[float, float]:
    pandas: Any = import_module("pandas")
    duckdb: Any = import_module("duckdb")

    def load() -> None:
        frames = []
        for path in sorted((root / "files").rglob("*.json")):
            loaded = json.loads(path.read_bytes())
            config = {**(loaded.get("config") or {}), **(loaded.get("config_general") or {})}
            long = pandas.json_normalize(loaded["results"], sep="\x1f").melt(var_name="key", value_name="value")
            long[["task", "name"]] = long["key"].str.rsplit("\x1f", n=1, expand=True)
            long[["metric", "metric_filter"]] = long["name"].str.partition(",")[[0, 2]]
            long["value"] = pandas.to_numeric(long["value"], errors="coerce")
            is_error = long["metric"].str.endswith("_stderr")
            errors = long[is_error].assign(metric=long["metric"].str.removesuffix("_stderr"))
            rows = long[~is_error].merge(
                errors[["task", "metric", "metric_filter", "value"]].rename(columns={"value": "stderr_raw"}),
                on=["task", "metric", "metric_filter"],
                how="left",
            )
            rows["n_shot"] = pandas.to_numeric(rows["task"].str.extract(r"\|(\d+)$")[0])
            rows["path"], rows["model"] = str(path), path.parent.name
            rows["model_sha"], rows["model_dtype"] = config.get("model_sha"), str(config.get("model_dtype"))
            frames.append(rows.drop(columns=["key", "name"]))
        with duckdb.connect(str(database)) as con:
            con.register("incoming", pandas.concat(frames))
            con.execute("create table score as from incoming")

    return _spent(load)


# What each tool does, and whether it is slow.
_TOOLS: dict[str, tuple[Callable[[Path, Path], tuple[float, float]], bool]] = {
    "dlt_parquet": (_dlt_parquet, False),
    "dlt_default": (_dlt_default, True),
    "json_normalize": (_json_normalize, True),
}

if __name__ == "__main__":
    main()
