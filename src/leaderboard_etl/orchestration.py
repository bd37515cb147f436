"""Prefect, kept in its place: its settings, a server that ends with the run, schedules, final states and artifacts.

Prefect reads its settings when it is imported, so it is imported here inside functions only, after they are set.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filelock import FileLock, Timeout

from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.prefect_server import own_server
from leaderboard_etl.private import make_private

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

_log = logging.getLogger(__name__)

# Set over whatever the environment says: nothing is sent anywhere, and no server is started behind our back.
_FIXED = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "0", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "0"}
# Defaults that the environment may override. The UI would be unpacked into site-packages, block types are not used, and
# nobody reads the events from which the server records task runs.
_DEFAULTS = {
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
}
_SEND_SECONDS = 30


@contextmanager
def prefect_api(home: Path, *, with_scheduler: bool = False) -> Iterator[str]:
    """Within the block flows run against the API of PREFECT_API_URL, or of a server of our own that ends with us.

    Yields the API's address. Prefect's state is kept under `home`. Our server listens on loopback and stops when this
    process ends, however that happens. Flow runs that a killed process left RUNNING become Crashed.
    Raises EtlError if the API does not answer or our server does not start.
    """
    home = home.resolve()
    with _settings(home), ExitStack() as stack:
        # One start at a time: two migrations of one new database would collide.
        with FileLock(home / "start.lock"):
            if not os.environ.get("PREFECT_API_URL"):
                os.environ["PREFECT_API_URL"] = stack.enter_context(own_server(home, with_scheduler))
            _apply_settings()
            _expect_an_answer()
            _mark_dead_runs(home / "live")
            tag = stack.enter_context(_sign_of_life(home / "live"))
        from prefect import tags
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker

        with tags(tag):
            try:
                yield os.environ["PREFECT_API_URL"]
            finally:
                # Both send in the background; what they still hold when the server stops would be lost.
                EventsWorker.drain_all(timeout=_SEND_SECONDS)
                APILogWorker.drain_all(timeout=_SEND_SECONDS)


def run_flow(file: Path, name: str, home: Path, parameters: Mapping[str, object]) -> Any:
    """Runs the flow `name` of a Python file and returns its value, also where its final state is Failed with a value.

    Raises what the flow raised, and EtlError if there is no API to run it against.
    """
    with prefect_api(home):
        from prefect.flows import load_flow_from_entrypoint

        flow: Any = load_flow_from_entrypoint(f"{file}:{name}")
        state = flow(**parameters, return_state=True)
        outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def serve(file: Path, name: str, home: Path, parameters: Mapping[str, object], *, cron: str) -> None:
    """Runs the flow `name` of a Python file by `cron` (in UTC), one at a time, until SIGINT or SIGTERM.

    Where PREFECT_API_URL is unset the block has a server with a scheduler: without one no schedule ever fires.
    Raises UsageError if `cron` is not a cron expression, and EtlError as `prefect_api`.
    """
    with _settings(home.resolve(), console="INFO"):
        _apply_settings()
        _check_cron(cron)
        with prefect_api(home, with_scheduler=True):
            _serve_until_stopped(file, name, parameters, cron)


def final_state(status: str, message: str, value: object) -> State[Any]:
    """The state in which a flow ends, with the value that `run_flow` returns.

    `failed` is a Failed state; `published`, `no_news`, `degraded` and any other status are Completed under that name.
    """
    from prefect.states import Completed, Failed

    make = Failed if status == "failed" else Completed
    return make(name=status.replace("_", " ").capitalize(), message=message, data=value)


def table_artifact(key: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Keeps a table with the flow run. Does nothing outside a flow, and only logs a warning if the API is away."""
    _keep("table", key=key, table=[dict(row) for row in rows])


def markdown_artifact(key: str, text: str) -> None:
    """Keeps a text with the flow run. Does nothing outside a flow, and only logs a warning if the API is away."""
    _keep("markdown", key=key, markdown=text)


def image_artifact(key: str, content: bytes, media_type: str, description: str) -> None:
    """Keeps a picture itself with the flow run, not a link to it. Does nothing outside a flow, and only logs a warning if the
    API is away."""
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    _keep("image", key=key, image_url=url, description=description)


def _keep(kind: str, **content: object) -> None:
    # Without Prefect in the process there is no flow, and its import would make a folder in the user's home.
    if "prefect" not in sys.modules:
        return
    from httpx import HTTPError
    from prefect import artifacts
    from prefect.context import FlowRunContext

    if FlowRunContext.get() is None:
        return
    try:
        getattr(artifacts, f"create_{kind}_artifact")(**content)
    except (HTTPError, OSError) as error:
        _log.warning("an artifact of the run could not be kept (%s): the run goes on without it", error)


def _check_cron(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=cron, timezone="UTC")
    except ValueError:
        raise UsageError(
            f"{cron!r} is not a cron expression: give minute, hour, day, month and weekday, as in '0 3 * * *'"
        ) from None


def _serve_until_stopped(file: Path, name: str, parameters: Mapping[str, object], cron: str) -> None:
    from prefect.context import TagsContext
    from prefect.flows import load_flow_from_entrypoint
    from prefect.runner import Runner
    from prefect.schedules import Cron

    class Served(Runner):
        async def start(self, *arguments: Any, **options: Any) -> None:
            self._serving = asyncio.current_task()
            await super().start(*arguments, **options)

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            # Prefect's own handler exits in the middle of things.
            if self._serving is not None:
                self._serving.get_loop().call_soon_threadsafe(self._serving.cancel)

    flow: Any = load_flow_from_entrypoint(f"{file}:{name}")
    tags = sorted(TagsContext.get().current_tags)
    runner = Served(name=name, limit=1)
    runner.add_flow(flow, name=name, schedule=Cron(cron, timezone="UTC"), parameters=dict(parameters), tags=tags)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(runner.start())


# A console that shows CRITICAL only: the command reports for itself, where Prefect would print a traceback for each attempt
# of a task. Its logs are kept with the flow run in any case.
@contextmanager
def _settings(home: Path, console: str = "CRITICAL") -> Iterator[None]:
    """Prefect's settings in the environment, for us and our child processes; afterwards as they were."""
    try:
        make_private(home)
        (home / "start.lock").touch()
    except OSError as error:
        raise EtlError(f"Prefect keeps its state in {home}, which cannot be written: {error.strerror}") from error
    before = dict(os.environ)
    os.environ.update(_FIXED, PREFECT_HOME=str(home))
    os.environ.pop("PREFECT_PROFILE", None)  # a profile of another home, unknown in ours
    for name, value in {**_DEFAULTS, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": console}.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        with suppress(OSError):
            make_private(home)


def _apply_settings() -> None:
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()  # for a process that imported Prefect earlier, under other settings


def _expect_an_answer() -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        trouble = client.api_healthcheck()
    if trouble is not None:
        raise EtlError(
            f"the Prefect API at {os.environ['PREFECT_API_URL']} does not answer ({trouble}): "
            "start it, or unset PREFECT_API_URL and a server of our own is used"
        )


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
    from httpx import HTTPError

    for file in folder.glob("run-*"):
        with suppress(Timeout), FileLock(file, timeout=0):
            try:
                _crash_runs(file.name)
            except (HTTPError, OSError) as error:
                _log.warning("the flow runs of a killed process could not be marked as crashed: %s", error)
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
