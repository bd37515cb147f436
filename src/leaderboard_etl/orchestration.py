"""Living with Prefect: its state under the warehouse, its server for as long as we run, its records complete.

Where PREFECT_API_URL is set that server is used. Else a server of our own is started on loopback as a child: unlike
Prefect's ephemeral one it can be told to outlive the flow by the second that late records need, fires schedules, and
ends with us even if we are killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.errors import EtlError

if TYPE_CHECKING:
    from prefect.states import State

_START_TIMEOUT_S = 120
_STOP_TIMEOUT_S = 15
_PID_FILE = "server.pid"
_PR_SET_PDEATHSIG = 1
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


@contextmanager
def prefect_api(home: Path) -> Iterator[str]:
    """Within the block, flows of this process run against the PREFECT_API_URL there is, or against a server of our own.

    Call it before anything imports prefect: its settings are read then. `home` keeps all of its state.
    """
    home.mkdir(parents=True, exist_ok=True)
    for name, value in {**_QUIET, "PREFECT_HOME": str(home.resolve())}.items():
        os.environ.setdefault(name, value)
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield given
        return
    end_stale_server(home)
    with _server(home) as url:
        os.environ["PREFECT_API_URL"] = url
        try:
            _crash_orphans()
            yield url
            _flush_records()
        finally:
            del os.environ["PREFECT_API_URL"]


def final_state(status: str, message: str, data: Any) -> State[Any]:
    """The state that a flow ends in, named by what came of the night; `data` is its result."""
    from prefect.states import Completed, Failed

    if status == "failed":
        return Failed(name="Failed", message=message, data=data)
    name = {"published": "Published", "degraded": "Degraded", "no_news": "NoNews"}.get(status, "Completed")
    return Completed(name=name, message=message, data=data)


def table_artifact(key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Leaves a table with the flow run. An artifact that cannot be kept is no reason to fail a night."""
    from prefect.artifacts import create_table_artifact

    with contextlib.suppress(Exception):
        create_table_artifact(table=[dict(row) for row in rows], key=key)


def markdown_artifact(key: str, text: str) -> None:
    """Leaves a page with the flow run, on the same terms."""
    from prefect.artifacts import create_markdown_artifact

    with contextlib.suppress(Exception):
        create_markdown_artifact(markdown=text, key=key)


def end_stale_server(home: Path) -> None:
    """Ends a server that a killed run left behind, where the system could not tie it to its parent."""
    record = home / _PID_FILE
    try:
        pid, parent = (int(part) for part in record.read_text().split())
    except (OSError, ValueError):
        return
    if not _is_alive(parent) and _is_our_server(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if not _is_alive(parent):
        record.unlink(missing_ok=True)


@contextmanager
def _server(home: Path) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PREFECT_UI_ENABLED": "false"},
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    (home / _PID_FILE).write_text(f"{process.pid} {os.getpid()}")
    try:
        _await(process, url, log)
        yield url
    finally:
        _stop(process)
        (home / _PID_FILE).unlink(missing_ok=True)


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise EtlError(f"Prefect's own server did not start within {_START_TIMEOUT_S} s: see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _flush_records() -> None:
    """Task runs are recorded by events in the background: waits until ours have left this process and been written."""
    with contextlib.suppress(Exception):
        from prefect.events.worker import EventsWorker

        EventsWorker.drain_all(timeout=10)
        # The server writes what it received in batches of about a second.
        time.sleep(1.0)


def _crash_orphans() -> None:
    """Runs of this home that are marked as running though no process is left: their process was killed."""
    with contextlib.suppress(Exception):
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
        from prefect.client.schemas.objects import StateType
        from prefect.states import Crashed

        running = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
        with get_client(sync_client=True) as client:
            for run in client.read_flow_runs(flow_run_filter=running):
                pids = [tag.removeprefix("pid:") for tag in run.tags if tag.startswith("pid:")]
                if pids and not any(_is_alive(int(pid)) for pid in pids if pid.isdigit()):
                    state = Crashed(message="the process of this run was killed")
                    client.set_flow_run_state(run.id, state, force=True)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_our_server(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return _is_alive(pid)
    return b"prefect" in command and b"server" in command
