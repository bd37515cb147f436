"""Flows, run and scheduled by Prefect, which keeps their books: final states, artifacts, and what its own failure may cost.

Prefect reads its settings when it is imported, so it is imported here inside functions only, after they are set.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.errors import UsageError
from leaderboard_etl.prefect_api import HURRIED_SECONDS, NoApiError, apply_settings, prefect_api, prefect_settings
from leaderboard_etl.printable import one_line
from leaderboard_etl.recorded import Record
from leaderboard_etl.termination import scratch_folder

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


def run_flow(file: Path, name: str, home: Path, parameters: Mapping[str, object]) -> Any:
    """Runs the flow `name` of a Python file once and returns its value, also where its final state is Failed with a value.

    Prefect keeps the books of the run, and their loss does not cost it: where Prefect fails on its own account before the
    flow began, the flow runs without it; where it fails later, what the flow did counts. Either is one line on stderr.
    Raises what the flow raised, and EtlError if the API of PREFECT_API_URL does not answer.
    """
    record, flow = Record(), None
    try:
        with prefect_api(home):
            flow = _load(file, name)
            flow.fn = record.of(_bounded(flow.fn), _value)
            flow(**parameters, return_state=True)
    except (UsageError, NoApiError):
        raise
    except Exception as error:
        if record.error is None and not hasattr(flow, "is_said"):
            _say(error)
    if record.error is not None:
        raise record.error
    return record.value if record.began else _run_plainly(file, name, parameters)


def run_step(step: Callable[..., Any], *arguments: Any, **task_options: Any) -> Any:
    """Runs a step as a Prefect task, or plainly outside a flow, and returns what it gives. Raises what the step raised.

    Prefect failing on its own account costs neither a step that did its work nor one that had not begun.
    """
    from prefect import task
    from prefect.context import FlowRunContext, TagsContext

    context = FlowRunContext.get()
    if context is None or _is_given_up(context):
        return step(*arguments)
    # Prefect keeps a task, and what its function holds, until the process ends: a connection would outlive its engine.
    record, given = Record(), list(arguments)

    def run() -> None:
        """Without arguments and value, for Prefect walks through all that it is given."""
        record.of(step)(*given)

    try:
        with TagsContext(current_tags=set()):  # a tagged task would ask the API for leave to begin
            task(**{"name": _name(step, arguments), **task_options})(run)()
    except Exception as error:
        if record.error is not None:
            raise record.error from None
        _give_up(error)
        if not record.began:
            return step(*arguments)
    finally:
        given.clear()
        value, record.value = record.value, None
    return value


def _name(step: Callable[..., Any], arguments: Sequence[object]) -> str:
    """What Prefect shows of a step: its name, and which source it is about."""
    subjects = (getattr(argument, "source_id", argument) for argument in arguments)
    return " ".join([step.__name__, *(subject for subject in subjects if isinstance(subject, str))])


def serve(file: Path, name: str, home: Path, parameters: Mapping[str, object], *, cron: str) -> None:
    """Runs the flow `name` of a Python file by `cron` (in UTC), one at a time, until SIGINT or SIGTERM.

    Where PREFECT_API_URL is unset the block has a server with a scheduler: without one no schedule ever fires.
    Raises UsageError if `cron` is not a cron expression, and EtlError as `prefect_api`.
    """
    with prefect_settings(home.resolve(), console="INFO"):
        apply_settings()
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
    """Keeps a table with the flow run. Does nothing outside a flow, and only says so if the API is away."""
    _keep("table", key=key, table=[dict(row) for row in rows])


def markdown_artifact(key: str, text: str) -> None:
    """Keeps a text with the flow run. Does nothing outside a flow, and only says so if the API is away."""
    _keep("markdown", key=key, markdown=text)


def image_artifact(key: str, content: bytes, media_type: str, description: str) -> None:
    """Keeps a picture itself with the flow run, not a link to it. Does nothing outside a flow, and only says so if the API
    is away."""
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    _keep("image", key=key, image_url=url, description=description)


def _load(file: Path, name: str) -> Any:
    from prefect.flows import load_flow_from_entrypoint

    return load_flow_from_entrypoint(f"{file}:{name}")


def _run_plainly(file: Path, name: str, parameters: Mapping[str, object]) -> Any:
    """The flow's value, by its function alone. Prefect is only imported, with a home that is not kept."""
    with scratch_folder() as folder, prefect_settings(folder):
        return _value(_load(file, name).fn(**parameters))


def _value(returned: Any) -> Any:
    """What a flow's function says: its value, which may be wrapped in a final state."""
    from prefect.client.schemas.objects import State

    return returned.data if isinstance(returned, State) else returned


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The flow's function, after which Prefect is told its end with patience once: not again where that failed, and
    briefly where the run was interrupted and the process is to end."""

    @functools.wraps(function)
    def bounded(*arguments: Any, **named: Any) -> Any:
        from prefect.context import FlowRunContext

        if (context := FlowRunContext.get()) is not None:
            client: Any = context.client
            client.set_flow_run_state = _told_once(client.set_flow_run_state)
        try:
            return function(*arguments, **named)
        except Exception:
            raise
        except BaseException:
            _hurry()
            raise

    return bounded


def _told_once(tell: Callable[..., Any]) -> Callable[..., Any]:
    def once(*arguments: Any, **named: Any) -> Any:
        try:
            return tell(*arguments, **named)
        except Exception:
            _hurry()
            raise

    return once


def _hurry() -> None:
    """What is still to be told to the API is told once and briefly, until the flow ends."""
    from prefect.context import FlowRunContext
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    context = FlowRunContext.get()
    if context is not None and not _is_given_up(context):
        client: Any = context.client
        client._client.timeout = HURRIED_SECONDS
        client.hurry = temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0})  # in force for as long as it is kept
        client.hurry.__enter__()


def _is_given_up(context: Any) -> bool:
    return hasattr(context.client, "hurry")


def _give_up(error: Exception) -> None:
    """The rest of the flow goes on without Prefect, which failed on its own account."""
    from prefect.context import FlowRunContext

    _say(error)
    _hurry()
    if (context := FlowRunContext.get()) is not None:
        flow: Any = context.flow
        flow.is_said = True


def _say(error: Exception) -> None:
    why = one_line(" ".join(str(error).split()) or type(error).__name__)[:300]
    print(f"leaderboard-etl: Prefect could not keep its books ({why}): the run goes on without", file=sys.stderr)


def _keep(kind: str, **content: object) -> None:
    # Without Prefect in the process there is no flow, and its import would make a folder in the user's home.
    if "prefect" not in sys.modules:
        return
    from prefect import artifacts
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    if context is None or _is_given_up(context):
        return
    try:
        getattr(artifacts, f"create_{kind}_artifact")(**content)
    except Exception as error:
        _give_up(error)


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
