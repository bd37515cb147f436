"""Prefect, kept in its place: its settings, a server that ends with the run, schedules, final states and artifacts.

Prefect reads its settings when it is imported, so it is imported here inside functions only, after they are set.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filelock import FileLock, Timeout

from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.settings import PACKAGE

if TYPE_CHECKING:
    from prefect.states import State

_log = logging.getLogger(__name__)

# Set over whatever the environment says: nothing is sent anywhere, and no server is started behind our back.
_FIXED = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}
# Defaults that the environment may override. The console stays quiet because the command reports for itself (Prefect
# would print a traceback for each attempt of a task); its logs are kept with the run instead. The UI would be unpacked
# into site-packages, block types are not used, and nobody reads the events from which task runs are recorded.
_DEFAULTS = {
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
}
_START_SECONDS = 180  # a new home needs some 10 s for its migrations, on a busy machine several times that
_STOP_SECONDS = 30
_SETTLE_SECONDS = 20


@contextmanager
def prefect_api(home: Path, *, with_scheduler: bool = False) -> Iterator[str]:
    """Within the block flows run against the API of PREFECT_API_URL, or of a server of our own that ends with us.

    Yields the API's address. Prefect's state is kept under `home`. Our server listens on loopback and stops when this
    process ends, however that happens. Flow runs that a killed process left RUNNING become Crashed.
    Raises EtlError if the API does not answer or our server does not start.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    with _settings(home), ExitStack() as stack:
        # One start at a time: two migrations of one new database would collide.
        with FileLock(home / "start.lock"):
            if not os.environ.get("PREFECT_API_URL"):
                os.environ["PREFECT_API_URL"] = stack.enter_context(_own_server(home, with_scheduler))
            _apply_settings()
            _mark_dead_runs(home / "live")
            tag = stack.enter_context(_sign_of_life(home / "live"))
        from prefect import tags

        with tags(tag):
            try:
                yield os.environ["PREFECT_API_URL"]
            finally:
                _send_what_is_queued()


def run_flow(file: Path, name: str, home: Path, parameters: Mapping[str, object]) -> Any:
    """Runs the flow `name` of a Python file and returns its value, also where its final state is Failed with a value.

    Raises what the flow raised, and EtlError if there is no API to run it against.
    """
    with prefect_api(home):
        from prefect.flows import load_flow_from_entrypoint

        state = load_flow_from_entrypoint(f"{file}:{name}")(**parameters, return_state=True)
        outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def serve(file: Path, name: str, home: Path, parameters: Mapping[str, object], *, cron: str) -> None:
    """Runs the flow `name` of a Python file by `cron` (in UTC), one at a time, until SIGINT or SIGTERM.

    Where PREFECT_API_URL is unset the block has a server with a scheduler: without one no schedule ever fires.
    Raises UsageError if `cron` is not a cron expression, and EtlError as `prefect_api`.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _settings(home.resolve()):
        _apply_settings()
        from prefect.client.schemas.schedules import CronSchedule

        try:
            schedule = CronSchedule(cron=cron, timezone="UTC")
        except ValueError:
            raise UsageError(
                f"{cron!r} is not a cron expression: give minute, hour, day, month and weekday, as in '0 3 * * *'"
            ) from None
    with prefect_api(home, with_scheduler=True):
        from prefect.context import TagsContext
        from prefect.flows import load_flow_from_entrypoint

        flow = load_flow_from_entrypoint(f"{file}:{name}")
        flow.serve(
            name=name,
            schedule=schedule,
            parameters=dict(parameters),
            tags=sorted(TagsContext.get().current_tags),
            limit=1,
            print_starting_message=False,
        )


def final_state(status: str, message: str, value: object) -> State[Any]:
    """The state in which a flow ends, with the value that `run_flow` returns.

    `failed` is a Failed state; `published`, `no_news`, `degraded` and any other status are Completed under that name.
    """
    from prefect.states import Completed, Failed

    make = Failed if status == "failed" else Completed
    return make(name=status.replace("_", " ").capitalize(), message=message, data=value)


def table_artifact(key: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Keeps a table with the flow run. Does nothing outside a flow, and only logs a warning if the API is away."""
    from prefect.artifacts import create_table_artifact

    _keep(lambda: create_table_artifact(key=key, table=[dict(row) for row in rows]))


def markdown_artifact(key: str, text: str) -> None:
    """Keeps a text with the flow run. Does nothing outside a flow, and only logs a warning if the API is away."""
    from prefect.artifacts import create_markdown_artifact

    _keep(lambda: create_markdown_artifact(key=key, markdown=text))


def _keep(create: Callable[[], object]) -> None:
    from prefect.context import FlowRunContext
    from prefect.exceptions import PrefectException

    if FlowRunContext.get() is None:
        return
    from httpx import HTTPError

    try:
        create()
    except (HTTPError, OSError, PrefectException) as error:
        _log.warning("an artifact of the run could not be kept (%s): the run goes on without it", error)


@contextmanager
def _settings(home: Path) -> Iterator[None]:
    """Prefect's settings in the environment, for us and our child processes; afterwards as they were."""
    before = dict(os.environ)
    os.environ.update(_FIXED, PREFECT_HOME=str(home))
    os.environ.pop("PREFECT_PROFILE", None)  # a profile of another home, unknown in ours
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _apply_settings() -> None:
    from prefect.context import refresh_global_settings_context

    # For a process that imported Prefect earlier, under other settings.
    refresh_global_settings_context()


@contextmanager
def _own_server(home: Path, with_scheduler: bool) -> Iterator[str]:
    """A Prefect server as our child. It ends when its standard input does, and so with us even after SIGKILL."""
    code = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r}); "
        f"from leaderboard_etl.orchestration import _server_main; _server_main({with_scheduler})"
    )
    log = home / "server.log"
    with log.open("ab") as errors:
        # A session of its own: Ctrl-C in the terminal is for us; the server must still hear how the run ended.
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        impatience = threading.Timer(_START_SECONDS, child.kill)
        impatience.daemon = True
        impatience.start()
        import prefect  # noqa: F401  # takes a second, in which the server starts too

        port = child.stdout.readline().decode().strip()
        impatience.cancel()
        if not port:
            raise EtlError(f"the Prefect server did not start: see {log}; moving {home} away gives it a fresh start")
        yield f"http://127.0.0.1:{port}/api"
    finally:
        child.stdin.close()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _server_main(with_scheduler: bool) -> None:
    """Body of the server process: prints its port once it answers, and stops at the end of standard input."""
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.utilities.messaging.memory import METRICS

    app = create_app(ephemeral=not with_scheduler, final=True)
    # With the protocol named, asyncio switches Nagle's delay off: it costs 40 ms a request otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))

    async def settled(scope: Any, receive: Any, send: Any) -> None:
        """The app, but its shutdown waits until the task runs that were reported have been written."""

        async def receive_last() -> Any:
            message = await receive()
            deadline = time.monotonic() + _SETTLE_SECONDS
            while time.monotonic() < deadline and any(m["published"] > m["consumed"] for m in METRICS.values()):
                await asyncio.sleep(0.02)
            return message

        await app(scope, receive_last if scope["type"] == "lifespan" else receive, send)

    class Server(uvicorn.Server):
        # A service manager signals the whole group: the run is told too, and we go when it has gone.
        capture_signals = staticmethod(nullcontext)

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(listener.getsockname()[1], flush=True)

    server = Server(uvicorn.Config(settled, log_level="error", lifespan="on", timeout_graceful_shutdown=5))

    def stop_at_end_of_input() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True
        time.sleep(_STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    server.run([listener])
    os._exit(0)


@contextmanager
def _sign_of_life(folder: Path) -> Iterator[str]:
    """Yields a tag for this process's flow runs; a file of that name is locked for as long as the process lives."""
    folder.mkdir(exist_ok=True)
    tag = f"run-{uuid4().hex[:12]}"
    with FileLock(folder / tag):
        yield tag
        (folder / tag).unlink()


def _mark_dead_runs(folder: Path) -> None:
    """Flow runs whose process is gone become Crashed: its file is there, but nobody holds it."""
    for file in folder.glob("run-*"):
        with suppress(Timeout), FileLock(file, timeout=0):
            _crash_runs(file.name)
            file.unlink()


def _crash_runs(tag: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Crashed

    unfinished = {"type": {"any_": [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]}}
    wanted = FlowRunFilter.model_validate({"tags": {"all_": [tag]}, "state": unfinished})
    with get_client(sync_client=True) as client:
        for flow_run in client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=200):
            client.set_flow_run_state(flow_run.id, Crashed(message="its process is gone"), force=True)


def _send_what_is_queued() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    # Both send in the background; what they still hold when the server stops would be lost.
    EventsWorker.drain_all(timeout=_STOP_SECONDS)
    APILogWorker.drain_all(timeout=_STOP_SECONDS)
