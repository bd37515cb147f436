"""How fast small files are fetched, compared with snapshot_download: `PYTHONPATH=tests python -m bench.fetching
[--files N] [--latency-ms MS] [--hub URL]`.

Without --hub the sample's server, in its own process, serves invented files of 12 kB with that latency. With --hub the
repository given by --repo is fetched from there.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_BYTES = 12_000
_REPO = "bench/files"


def main() -> None:
    """Prints files per second for each way, and the ratio to snapshot_download's default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--hub", help="a Hub's address")
    parser.add_argument("--repo", default=_REPO, help="a dataset of it (default: %(default)s)")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(arguments.serve, arguments.latency_ms / 1000)
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HF_HOME"] = scratch
        if arguments.hub:
            _compare(arguments.hub, arguments.repo, Path(scratch))
        else:
            _make_files(Path(scratch) / "hub", arguments.files)
            with _server(Path(scratch) / "hub", arguments.latency_ms) as address:
                _compare(address, arguments.repo, Path(scratch))


def _compare(address: str, repo: str, scratch: Path) -> None:
    from leaderboard_etl.hub.client import Hub
    from leaderboard_etl.hub.transport import prepare_environment

    prepare_environment(address)
    from huggingface_hub import snapshot_download

    hub = Hub(address)
    revision = hub.head("dataset", repo)
    files = hub.tree("dataset", repo, revision)

    def ours(workers: int) -> None:
        one = Hub(address, workers=workers)
        refused = one.fetch("dataset", repo, revision, files, lambda file, content: None)
        assert not refused, refused[0]
        one.close()

    def theirs(workers: int) -> None:
        folder = scratch / f"theirs-{workers}"
        snapshot_download(repo, repo_type="dataset", revision=revision, max_workers=workers, local_dir=folder)

    base = _rate(lambda: theirs(8), len(files))
    print(f"snapshot_download,  8 workers {base:7.0f} files/s    1.0")
    for name, run, workers in (("snapshot_download,", theirs, 16), ("fetch,", ours, 16), ("fetch,", ours, 64)):
        rate = _rate(lambda run=run, workers=workers: run(workers), len(files))  # type: ignore[misc]
        print(f"{name:18} {workers:2} workers {rate:7.0f} files/s   {rate / base:4.1f}")


def _rate(run: Callable[[], None], n_files: int) -> float:
    begun = time.perf_counter()
    run()
    return n_files / (time.perf_counter() - begun)


def _make_files(root: Path, n_files: int) -> None:
    draws = random.Random(0)
    for number in range(n_files):
        file = root / "datasets" / _REPO / f"{number % 97}" / f"{number}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draws.randbytes(_BYTES))


@contextmanager
def _server(root: Path, latency_ms: float) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.fetching", "--serve", str(root), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def _serve(root: Path, latency_s: float) -> None:
    from faulty_hub import HubServer

    with HubServer(root, intercept=lambda request: time.sleep(latency_s)) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
