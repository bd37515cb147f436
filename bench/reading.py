"""How much slower reading is than its floor: `python -m bench.reading cards FOLDER`, `... results FOLDER`.

cards: FOLDER/owner/name/README.md and so on. Measures front matter, model-index, tables, sizes and frames of all of
them; the floor is PyYAML's CBaseLoader on the front matter only.

results: FOLDER/open-llm-leaderboard{-old,}/results/**.json. `--files` copies of them are made under other names and
with other digits, landed, and rebuilt offline. The floor writes the same number of rows with ten columns from the same raw
store, verified, with the fastest decoder, into DuckDB. The start of Python, to which the hash of our own code belongs, is
not measured; the analyses have a line of their own. Processor seconds can be compared even on a busy machine, seconds by the
clock only on an idle one.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import _lru_cache_wrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import polars as pl
import yaml

from bench.landing import land, source_file
from bench.record import record
from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.pipeline import publishing
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileState, FileVersion, Ledger
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources import model_cards
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.shared.front_matter import front_block
from leaderboard_etl.sources.shared.harness.file import decode
from leaderboard_etl.warehouse.marts import build_marts

# Shares of the two sources; 20,000 files in these shares have 1.3 GB.
RESULTS = {"olb_v1_results": 0.425, "olb_v2_results": 0.575}
ROUNDS = 3


def main() -> None:
    """Prints processor seconds, which can be compared even on a busy machine, and ratios to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["cards", "results"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=20_000, help="result files to make (default: 20000)")
    parser.add_argument("--record", type=Path, help="add the figures of result files to this CSV file")
    arguments = parser.parse_args()
    if arguments.part == "cards":
        cards(arguments.folder)
        return
    with TemporaryDirectory() as scratch:
        results(arguments.folder, arguments.files, Warehouse(Path(scratch) / "warehouse"), arguments.record)


def cards(folder: Path) -> None:
    """Prints the best of some rounds; caches are cleared before each round."""
    paths = sorted(folder.glob(f"*/*/{model_cards.CARD_PATH}"))
    files = [source_file("model", "/".join(path.parts[-3:-1]), path.name, path.read_bytes()) for path in paths]
    blocks = [block for card in files if (block := front_block(card.content.decode("utf-8", "replace"))[0])]
    policy = read_policy()
    floor_s = min(_cpu(lambda: _load(blocks)) for _ in range(ROUNDS))
    whole_s = []
    for _ in range(ROUNDS):
        for known in gc.get_objects():
            if isinstance(known, _lru_cache_wrapper) and str(known.__module__).startswith("leaderboard_etl.sources"):
                known.cache_clear()
        whole_s.append(_cpu(lambda: model_cards.parse(files, policy)))
    size_mb = sum(len(card.content) for card in files) / 1e6
    print(f"{len(files):,} cards, {size_mb:.1f} MB")
    _row("CBaseLoader, front matter alone", floor_s, floor_s)
    _row("cards as a whole", min(whole_s), floor_s)


def _load(blocks: list[str]) -> None:
    for block in blocks:
        with suppress(yaml.YAMLError):
            yaml.load(block, Loader=yaml.CBaseLoader)


def results(folder: Path, n_files: int, warehouse: Warehouse, record_file: Path | None) -> None:
    """Lands the files, reads them in the fastest way, and rebuilds the warehouse."""
    repositories = {source_id: SOURCES[source_id].repo_id for source_id in RESULTS}
    files: dict[str, Iterable[SourceFile]] = {
        source_id: made(folder / repo_id, repo_id, round(RESULTS[source_id] * n_files))
        for source_id, repo_id in repositories.items()
    }
    size_mb = land(warehouse.raw, files) / 1e6
    print(f"{n_files:,} result files, {size_mb:,.0f} MB")
    code_version()
    rows = [0]
    least = _spent(lambda: rows.__setitem__(0, floor(warehouse)))
    _compare(f"floor, {rows[0]:,} rows", least, least)
    analyses = []

    def timed(*given: Any, **named: Any) -> None:
        analyses.append(_spent(lambda: build_marts(*given, **named)))

    with patch("leaderboard_etl.warehouse.build.build_marts", timed):
        whole = _spent(lambda: publishing.rebuild(warehouse))
    measured = {"floor": least, "rebuilt offline": whole.without(analyses[0]), "the analyses": analyses[0]}
    for name, spent in list(measured.items())[1:]:
        _compare(name, spent, least)
    ratios = [(s.cpu_s / least.cpu_s, s.clock_s / least.clock_s) for s in measured.values()]
    record(
        record_file, [(name, n_files, *s, *ratio) for (name, s), ratio in zip(measured.items(), ratios, strict=True)]
    )
    # ru_maxrss is in kilobytes on Linux.
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def floor(warehouse: Warehouse) -> int:
    """Verifies and decodes every file and writes ten columns of its rows; returns the number of rows."""
    with BlobStore(warehouse.raw, read_only=True) as store:
        state = FileState(store, Ledger(warehouse.raw).loads)
        con = engine.create(warehouse.root / "floor.duckdb")
        for number, source_id in enumerate(RESULTS):
            files = sorted(state.of(source_id).values())
            for first in range(0, len(files), 500):
                con.register("incoming", _plain_rows(source_id, files[first : first + 500], store))
                is_first = not number and not first
                con.execute("create table rows as from incoming" if is_first else "insert into rows from incoming")
        row = con.execute("select count(*) from rows").fetchone()
        con.close()
    return row[0] if row else 0


def _plain_rows(source_id: str, files: list[FileVersion], store: BlobStore) -> pl.DataFrame:
    """source_id, repository, commit, path, blob, folder, task, metric, value and standard error of every metric."""
    numbers, keys, names, values, errors = [], [], [], [], []
    for number, (_, content) in enumerate(store.read(file.blob_id for file in files)):
        for key, metrics in decode(content).results.items():
            for name, value in metrics.items():
                if type(value) is float and "_stderr" not in name:
                    numbers.append(number)
                    keys.append(key)
                    names.append(name)
                    values.append(value)
                    metric, comma, rest = name.partition(",")
                    error = metrics.get(f"{metric}_stderr{comma}{rest}")
                    errors.append(error if type(error) is float else None)
    runs = pl.DataFrame(
        [(source_id, f.repo_id, f.revision, f.path, f.blob_id, f.path.rpartition("/")[0]) for f in files],
        schema=["source_id", "repo_id", "revision", "path", "blob_id", "source_name"],
        orient="row",
    )
    rows = pl.DataFrame(
        {"task": keys, "metric": names, "score_raw": values, "stderr_raw": pl.Series(errors, dtype=pl.Float64)}
    )
    return pl.concat([runs[numbers], rows], how="horizontal")


def made(folder: Path, repo_id: str, n_files: int) -> Iterator[SourceFile]:
    """Copies of genuine files in turn, each under its own name and with other digits in its scores."""
    paths = sorted(folder.rglob("*.json"))
    rng = random.Random(1)
    for number in range(n_files):
        path = paths[number % len(paths)]
        *owner, model = path.relative_to(folder).parts[:-1]
        content = path.read_bytes().replace(model.encode(), f"{model}-v{number}".encode())
        content = content.replace(b": 0.3", b": 0.3%d" % rng.randrange(10))
        yield source_file("dataset", repo_id, "/".join((*owner, f"{model}-v{number}", path.name)), content)


class Spent(NamedTuple):
    """What some work took."""

    cpu_s: float
    clock_s: float

    def without(self, part: Spent) -> Spent:
        return Spent(self.cpu_s - part.cpu_s, self.clock_s - part.clock_s)


def _spent(run: Callable[[], object]) -> Spent:
    cpu_s, clock_s = time.process_time(), time.perf_counter()
    run()
    return Spent(time.process_time() - cpu_s, time.perf_counter() - clock_s)


def _compare(name: str, spent: Spent, least: Spent) -> None:
    print(
        f"{name:28} {spent.cpu_s:8.2f} s of CPU, {spent.cpu_s / least.cpu_s:5.2f} floors"
        f"   {spent.clock_s:8.2f} s by the clock, {spent.clock_s / least.clock_s:5.2f} floors"
    )


def _cpu(run: Callable[[], object]) -> float:
    return _spent(run).cpu_s


def _row(name: str, seconds: float, floor_s: float) -> None:
    print(f"{name:36} {seconds:8.3f} s of CPU   {seconds / floor_s:6.2f} of the floor")


if __name__ == "__main__":
    main()
