"""The pass over the models' cards, compared with plain requests: `PYTHONPATH=tests python -m bench.cards [--models
1500] [--latency-ms 50]`.

The sample's server serves invented models in its own process, with a latency for each answer. The pass lands their
cards, configs and evaluation results. Then a pool of as many tasks sends exactly the same requests through the client's
session without keeping the answers. Last comes the pass of a second night.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from faulty_hub import HubServer, Request, Response

from leaderboard_etl.hub.client import Hub
from leaderboard_etl.hub.transport import prepare_environment
from leaderboard_etl.landing.cards import CardSync, sync_cards
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import BlobStore

_NOW = "2025-01-01T03:00:00.000000Z"
_SPAWN = multiprocessing.get_context("spawn")
# As in the leaderboards, four of ten models are the only model of their owner.
_LONE_SHARE = 0.4
_RESULTS = "- dataset:\n    id: cais/mmlu\n    task_id: mmlu\n  value: 61.5\n"


@dataclass(frozen=True)
class Served:
    """What the Hub received since the last question: addresses in order, connections opened, and its own processor
    time."""

    targets: list[str]
    n_connections: int
    busy_s: float


@dataclass(frozen=True)
class Measured:
    """One way of asking. `seconds` is elapsed time; `busy_s` is processor time of the asking process."""

    seconds: float
    busy_s: float
    served: Served


def main() -> None:
    """Prints a row for each way, and the ratio of the pass to the plain pool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1_500)
    parser.add_argument("--latency-ms", type=float, default=50, help="before each answer (default: %(default)s)")
    arguments = parser.parse_args()
    with TemporaryDirectory() as scratch:
        names = _make_models(Path(scratch) / "hub", arguments.models)
        with _hub(Path(scratch) / "hub", arguments.latency_ms / 1000) as (address, served):
            prepare_environment(address)
            passes = _Passes(Path(scratch) / "raw", address, names)
            first = _measured(passes.run, served)
            plain = _measured(lambda: asyncio.run(_plain(address, first.served.targets, passes.workers)), served)
            second = _measured(passes.run, served)
    print(f"{'':34} {'seconds':>8} {'processor s':>11} {'of the Hub':>10} {'requests':>9} {'connections':>11}")
    for name, row in (
        ("first pass", first),
        (f"the same requests, {passes.workers} plain tasks", plain),
        ("second pass, nothing new", second),
    ):
        print(
            f"{name:34} {row.seconds:8.2f} {row.busy_s:11.2f} {row.served.busy_s:10.2f} {len(row.served.targets):9,}"
            f" {row.served.n_connections:11,}"
        )
    print(f"first pass / plain tasks: {first.seconds / plain.seconds:.2f}")


class _Passes:
    """Repeated passes over the same models, each recorded as a load would record it."""

    workers = Hub.workers

    def __init__(self, raw: Path, address: str, names: list[str]) -> None:
        self._raw, self._address, self._names = raw, address, names
        self._known: dict[tuple[str, str, str], FileVersion] = {}
        self._cursor: dict[str, str] = {}

    def run(self) -> None:
        hub = Hub(self._address)
        with BlobStore(self._raw) as store:
            result: CardSync = sync_cards(
                hub,
                store,
                self._known,
                self._names,
                journal=self._raw / "journal.jsonl",
                cursor=self._cursor,
                budget=1_000_000,
                now=_NOW,
            )
        hub.close()
        assert result.message is None and not result.remaining, result.message
        self._known |= {file.place: file for file in result.changes.changed}
        self._cursor = result.cursor


async def _plain(address: str, targets: list[str], workers: int) -> None:
    import httpx2
    from huggingface_hub import get_async_session

    waiting = iter(targets)
    client = get_async_session()
    limits = httpx2.Limits(max_connections=workers, max_keepalive_connections=workers)
    async with httpx2.AsyncClient(event_hooks=client.event_hooks, timeout=None, limits=limits) as client:

        async def work() -> None:
            for target in waiting:
                (await client.get(f"{address}{target}")).read()

        await asyncio.gather(*(work() for _ in range(workers)))


def _measured(run: Callable[[], object], served: Callable[[], Served]) -> Measured:
    served()
    begun, busy = time.perf_counter(), time.process_time()
    run()
    return Measured(time.perf_counter() - begun, time.process_time() - busy, served())


def _make_models(root: Path, n_models: int) -> list[str]:
    """Writes models of several owners: a card and a config each, and for every twentieth an evaluation result. Returns
    their names."""
    draws = random.Random(0)
    words = ["model", "trained", "tokens", "weights", "evaluation", "license", "context", "layers", "data", "chat"]
    names: list[str] = []
    owner = 0
    while len(names) < n_models:
        n_of_owner = 1 if draws.random() < _LONE_SHARE else draws.randint(2, 8)
        names += [f"owner{owner}/model-{number}" for number in range(n_of_owner)]
        owner += 1
    names = names[:n_models]
    for number, name in enumerate(names):
        text = " ".join(draws.choices(words, k=draws.randint(200, 1500)))
        files = {
            "README.md": f"---\nlicense: mit\nlanguage: [en]\ntags: [bench]\n---\n# {name}\n{text}\n",
            "config.json": json.dumps({"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": number % 80}),
        }
        if number % 20 == 0:
            files[".eval_results/mmlu.yaml"] = _RESULTS
        for path, content in files.items():
            file = root / "models" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    return names


@contextmanager
def _hub(root: Path, latency_s: float) -> Iterator[tuple[str, Callable[[], Served]]]:
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(root, latency_s, there), daemon=True)
    server.start()

    def served() -> Served:
        here.send(None)
        served_since: Served = here.recv()
        return served_since

    try:
        yield here.recv(), served
    finally:
        server.terminate()


def _serve(root: Path, latency_s: float, line: Connection) -> None:
    def late(request: Request) -> Response | None:
        time.sleep(latency_s)
        return None

    busy, n_connections = 0.0, 0
    with HubServer(root, intercept=late) as server:
        line.send(server.url)
        while True:
            try:
                line.recv()
            except EOFError:
                sys.exit()
            requests, server.requests = server.requests, []
            now, opened = time.process_time(), server.n_connections
            line.send(Served([request.target for request in requests], opened - n_connections, now - busy))
            busy, n_connections = now, opened


if __name__ == "__main__":
    main()
