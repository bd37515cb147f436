"""Parses batches on the workers of a Dask cluster: `--runner dask`, or `--runner dask:ADDRESS`.

A job carries what it needs: the packed bytes of a batch, and policy. So a worker needs neither the warehouse nor the Hub, and
a job that died with one worker runs on another. Results come back in order, and only so many batches are on their way at
once. Where the cluster fails, the rest is parsed here, and a line says so.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import warnings
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import zstandard

from leaderboard_etl.code_version import code_version
from leaderboard_etl.errors import EtlError, UsageError, first_line
from leaderboard_etl.policy import Policy
from leaderboard_etl.prefect_api import prefect_settings
from leaderboard_etl.printable import how_many, one_line
from leaderboard_etl.reading.runners import Batch, Job, Landed, read_batch, runs_on, unpacked
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.termination import scratch_folder

if TYPE_CHECKING:
    from distributed import Client, Future

_LOCAL_WORKERS = 2
_CONNECT_SECONDS = 30
_START_SECONDS = 180  # of our own workers, each of which imports what it parses with; on a busy machine that takes long
# A worker that died starts again within seconds; a cluster that stays without one is given up.
_NO_WORKER_SECONDS = 60
_LOOK_SECONDS = 5
_BATCHES_PER_THREAD = 2


@contextmanager
def batches_on(runner: str | None, home: Path) -> Iterator[None]:
    """Within the block batches are parsed where `runner` says: null or `threads`, in this process; `dask`, on two workers
    that are started here when they are needed; `dask:ADDRESS`, on the cluster there. `home` is Prefect's home.

    Raises UsageError for another name, and if prefect-dask is not installed.
    """
    address = cluster_address(runner)
    if address is None:
        yield
        return
    with DaskRunner(address, home) as fleet, runs_on(fleet):
        yield
        if fleet.files_by_worker:
            print(f"leaderboard-etl: {fleet.summary}", file=sys.stderr)


def cluster_address(runner: str | None) -> str | None:
    """The address of a Dask cluster, empty for workers of our own; null if the runner is this process. Raises UsageError."""
    if runner in (None, "threads"):
        return None
    named = re.fullmatch(r"dask(?::((?:tcp|tls|wss?)://\S+))?", str(runner))
    if named is None:
        raise UsageError(f"--runner {runner!r} is not known: give threads, dask, or dask:tcp://HOST:PORT")
    try:
        version("prefect-dask")
    except ModuleNotFoundError:
        raise UsageError("--runner dask needs Dask: pip install 'leaderboard-etl[dask]'") from None
    return named[1] or ""


class DaskRunner:
    """A cluster, connected to when a source first has more than one batch, and given up when it fails.

    `client` is null before, and `files_by_worker` counts the files that each worker parsed.
    """

    def __init__(self, address: str, home: Path) -> None:
        """`address` is a scheduler's; empty: a cluster of our own. `home` is Prefect's home."""
        self.files_by_worker: Counter[str] = Counter()
        self._address, self._home = address, home
        self._open = ExitStack()
        self.client: Client | None = None
        self._is_lost = False
        self._n_here = 0
        self._n_sent = 0

    def __enter__(self) -> DaskRunner:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # of a cluster that died
            self._open.close()

    @property
    def summary(self) -> str:
        """How the files were shared out."""
        n_files = self.files_by_worker.total()
        least = min(self.files_by_worker.values()) / n_files
        return (
            f"{how_many(len(self.files_by_worker), 'Dask worker')} parsed {how_many(n_files, 'file')}, each at least"
            f" {least:.0%} of them; {how_many(self._n_here, 'file')} of small sources were parsed here"
        )

    def __call__(self, policy: Policy, jobs: Iterable[Job]) -> Iterator[Batch]:
        """The runner of reading/runners.py. Raises what parsing raises, wherever it happened."""
        for source_id, of_source in groupby(jobs, lambda job: job[0].source_id):
            yield from self._of_source(SOURCES[source_id], policy, (landed for _, landed in of_source))

    def _of_source(self, source: Source, policy: Policy, batches: Iterable[Landed]) -> Iterator[Batch]:
        remaining = iter(batches)
        first = list(islice(remaining, 2))
        # Sending a single batch away gains nothing, and starting workers for it costs seconds.
        is_sent = len(first) > 1
        packed_policy = pack_policy(policy) if is_sent else b""
        waiting: deque[tuple[Landed, Future | None]] = deque()
        for landed in chain(first, remaining):
            waiting.append((landed, self._send(source, packed_policy, landed) if is_sent else None))
            if len(waiting) > (self._most_waiting if is_sent else 0):
                yield self._received(source, policy, *waiting.popleft())
        while waiting:
            yield self._received(source, policy, *waiting.popleft())

    def _send(self, source: Source, packed_policy: bytes, landed: Landed) -> Future | None:
        """The job of a batch on the cluster; null if there is no cluster."""
        if self._is_lost:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a job of some megabytes: they are what the worker needs
                client = self._connected()
                job = (_work, source.source_id, packed_policy, landed, same_results())
                # Each in turn: left to itself the scheduler gives short jobs to whoever happens to be fastest. One that is idle
                # may still take another's.
                workers = sorted(client.nthreads())
                turn = [workers[self._n_sent % len(workers)]] if workers else None
                self._n_sent += 1
                return client.submit(*job, pure=False, workers=turn, allow_other_workers=turn is not None)
        except EtlError:
            raise
        except Exception as error:
            self._give_up(error)
            return None

    def _received(self, source: Source, policy: Policy, landed: Landed, job: Future | None) -> Batch:
        files = [file for file, _ in landed]
        result = self._waited_for(job) if job is not None else None
        if result is None:
            self._n_here += len(files)
            return files, read_batch(source, policy, unpacked(landed))
        self.files_by_worker[result.worker] += len(files)
        return files, result.parsed

    def _waited_for(self, job: Future) -> Result | None:
        """The result of a job; null if the cluster has none and the batch must be parsed here."""
        without_worker_s = 0.0
        while True:
            try:
                result: Result = job.result(timeout=_LOOK_SECONDS)
                return result
            except EtlError:
                raise
            except TimeoutError:
                without_worker_s = 0.0 if self._has_worker() else without_worker_s + _LOOK_SECONDS
                if without_worker_s < _NO_WORKER_SECONDS:
                    continue
                self._give_up(RuntimeError(f"it had no worker for {_NO_WORKER_SECONDS} s"))
            except (Exception, asyncio.CancelledError) as error:
                # Some batch may be too large for any worker. A fault of the parser is raised again here.
                self._give_up(error)
            return None

    def _connected(self) -> Client:
        if self.client is None:
            self.client = self._open.enter_context(_client(self._address, self._home))
        return self.client

    @cached_property
    def _most_waiting(self) -> int:
        threads = sum(self.client.nthreads().values()) if self.client is not None else 0
        return _BATCHES_PER_THREAD * max(threads, _LOCAL_WORKERS)

    def _has_worker(self) -> bool:
        try:
            return self.client is not None and bool(self.client.nthreads())
        except Exception:
            return False

    def _give_up(self, error: BaseException) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        where = self._address or "of our own"
        why = one_line(first_line(error) or type(error).__name__)[:300]
        print(
            f"leaderboard-etl: the Dask cluster {where} failed ({type(error).__name__}: {why}): this process parses the rest",
            file=sys.stderr,
        )


class Result(NamedTuple):
    """What a worker read from one batch, and which one it was."""

    worker: str
    parsed: Parsed


class OtherVersionError(Exception):
    """A worker would read with other code or libraries than this process."""


def same_results() -> str:
    """What driver and worker must share so that they read the same: the code, and the libraries that it parses with."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("msgspec", "polars", "pyyaml"))
    return f"leaderboard-etl {code_version()}, {libraries}"


def pack_policy(policy: Policy) -> bytes:
    """Policy as one compressed text, the same for the same tables."""
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(policy.texts))


@lru_cache(maxsize=4)
def _unpacked_policy(packed: bytes) -> Policy:
    texts = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(packed), type=dict[str, bytes])
    return Policy(texts)


def _work(source_id: str, packed_policy: bytes, landed: Landed, wanted: str) -> Result:
    """One job, on a worker."""
    from distributed import get_worker

    if (mine := same_results()) != wanted:
        raise OtherVersionError(f"a worker has {mine}; this process has {wanted}")
    parsed = read_batch(SOURCES[source_id], _unpacked_policy(packed_policy), unpacked(landed))
    return Result(str(get_worker().address), parsed)


@contextmanager
def _client(address: str, home: Path) -> Iterator[Client]:
    """A client of the cluster at `address`, or of one of our own; prefect-dask connects and starts, as in any flow."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    options: dict[str, Any] = {"client_kwargs": {"timeout": _CONNECT_SECONDS}}
    with prefect_settings(home), scratch_folder() as folder:
        from prefect_dask import DaskTaskRunner

        if address:
            options["address"] = address
        else:
            options["cluster_kwargs"] = {
                "n_workers": _LOCAL_WORKERS,
                "threads_per_worker": 1,
                "host": "127.0.0.1",
                "dashboard_address": None,
                "local_directory": str(folder),
                "silence_logs": logging.CRITICAL,
            }
        with DaskTaskRunner(**options) as runner:
            if address:
                runner.client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
            else:
                runner.client.wait_for_workers(_LOCAL_WORKERS, timeout=_START_SECONDS)
            # On all of them, so that the first jobs find each ready.
            theirs, mine = set(runner.client.run(same_results).values()), same_results()
            if theirs - {mine}:
                raise OtherVersionError(f"a worker has {min(theirs - {mine})}; this process has {mine}")
            yield runner.client
