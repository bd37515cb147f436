"""Provides the Prefect API that runs are reported to: Prefect's settings, a server that ends with the run, and the
marking of runs that a killed process left.

Prefect reads its settings when it is imported. So it is imported only inside functions here, after the settings are
set.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from leaderboard_etl.errors import EtlError
from leaderboard_etl.prefect_server import own_server
from leaderboard_etl.private import make_private

# These override the environment: no usage data is sent, and Prefect starts no server by itself.
_FIXED = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "0", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "0"}
# Defaults that the environment may override. The UI would be unpacked into site-packages; block types and stored events are
# not used.
_DEFAULTS = {
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    # Three tries are enough for a locked database or a busy machine; a longer failure must not delay a night.
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    "PREFECT_API_REQUEST_TIMEOUT": "10",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
}
_SEND_SECONDS = 30
HURRIED_SECONDS = 1


class NoApiError(EtlError):
    """The Prefect API that the user configured does not answer."""


@contextmanager
def prefect_api(home: Path, *, with_scheduler: bool = False) -> Iterator[str]:
    """Within the block flows use the API of PREFECT_API_URL or, if it is not set, of a local server. Yields the API's
    address.

    Prefect's state is kept under `home`. The local server listens on loopback and stops when this process ends, however
    that happens. Flow runs that a killed process left in state RUNNING become Crashed. Raises EtlError if the API does
    not answer or the local server does not start.
    """
    home = home.resolve()
    with prefect_settings(home), ExitStack() as stack:
        # One start at a time, because two migrations of the same new database would collide.
        with FileLock(home / "start.lock"):
            is_ours = not os.environ.get("PREFECT_API_URL")
            if is_ours:
                os.environ["PREFECT_API_URL"] = stack.enter_context(own_server(home, with_scheduler))
            apply_settings()
            _expect_answer(is_ours)
            _mark_dead_runs(home / "live")
            tag = stack.enter_context(_sign_of_life(home / "live"))
        from prefect import tags
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogWorker

        with tags(tag):
            seconds = HURRIED_SECONDS
            try:
                yield os.environ["PREFECT_API_URL"]
                seconds = _SEND_SECONDS
            finally:
                # Both send in the background; records that are not sent before the server stops would be lost.
                EventsWorker.drain_all(timeout=seconds)
                APILogWorker.drain_all(timeout=seconds)


# The console shows only CRITICAL messages: the command reports errors itself, and Prefect would print a traceback for each
# attempt of a task. Prefect stores its logs with the flow run in any case.
@contextmanager
def prefect_settings(home: Path, console: str = "CRITICAL") -> Iterator[None]:
    """Within the block Prefect's settings are in the environment of this process and its children; afterwards it is
    restored."""
    try:
        make_private(home)
        (home / "start.lock").touch()
    except OSError as error:
        raise EtlError(f"Prefect keeps its state in {home}, which cannot be written: {error.strerror}") from error
    before = dict(os.environ)
    # Otherwise logging would print an error for every record that it cannot send.
    logging.raiseExceptions = False
    os.environ.update(_FIXED, PREFECT_HOME=str(home))
    os.environ.pop("PREFECT_PROFILE", None)  # a profile of another home does not exist in this one
    for name, value in {**_DEFAULTS, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": console}.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        with suppress(OSError):
            make_private(home)


def apply_settings() -> None:
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()  # for a process that imported Prefect earlier, under other settings


def _expect_answer(is_ours: bool) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        trouble = client.api_healthcheck()
    if trouble is not None and is_ours:
        raise EtlError(f"the local Prefect server does not answer ({trouble})")
    if trouble is not None:
        raise NoApiError(
            f"the Prefect API at {os.environ['PREFECT_API_URL']} does not answer ({trouble}): "
            "start it, or unset PREFECT_API_URL to use a local server"
        )


@contextmanager
def _sign_of_life(folder: Path) -> Iterator[str]:
    """Yields a tag for this process's flow runs. A file of that name is locked as long as the process lives."""
    folder.mkdir(exist_ok=True)
    tag = f"run-{uuid4().hex[:12]}"
    with FileLock(folder / tag):
        yield tag
        (folder / tag).unlink()


def _mark_dead_runs(folder: Path) -> None:
    """Marks flow runs as Crashed if their process is gone: its file exists but is not locked. If the API fails, the
    next run tries again."""
    from httpx import HTTPError

    for file in folder.glob("run-*"):
        with suppress(Timeout, HTTPError, OSError), FileLock(file, timeout=0):
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
