"""Runs and schedules flows with Prefect, which records their states and artifacts. A failure of Prefect itself does not
stop a run.

Prefect reads its settings when it is imported. So it is imported only inside functions here, after the settings are
set.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.errors import UsageError
from leaderboard_etl.prefect_api import HURRIED_SECONDS, NoApiError, apply_settings, prefect_api, prefect_settings
from leaderboard_etl.printable import one_line
from leaderboard_etl.recorded import Record
from leaderboard_etl.termination import scratch_folder

if TYPE_CHECKING:
    pass


def flow(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a function as a Prefect flow if Prefect is loaded, as it is whenever Prefect itself reads the file.
    Otherwise the function stays as it is, so that a run without news loads no Prefect."""

    def decorate(function: Callable[..., Any]) -> Any:
        if "prefect" not in sys.modules:
            return function
        import prefect

        return prefect.flow(name=name, log_prints=False)(function)

    return decorate


def run_flow(
    file: Path, name: str, home: Path, parameters: Mapping[str, object], *, may_stay_quiet: bool = False
) -> Any:
    """Runs the flow `name` of a Python file once and returns its value, also if its final state is Failed with a value.

    If it `may_stay_quiet` and PREFECT_API_URL is not set, Prefect is not started until a step finds something (see
    run_step). Prefect only records the run. If Prefect itself fails before the flow began, the flow runs without it; if
    it fails later, the result of the flow counts. In both cases one line on stderr says so. Raises what the flow raised,
    and EtlError if the API of PREFECT_API_URL does not answer.
    """
    record, run = Record(), _Run(file, name, home, parameters)
    token = _RUN.set(run)
    try:
        with run:
            if not may_stay_quiet or os.environ.get("PREFECT_API_URL"):
                run.begin()
            run.end(record.of(run.function(), _value)(**parameters))
    except Exception as error:
        if record.error is None and (isinstance(error, UsageError | NoApiError) or not record.began):
            raise
        if record.error is None and not run.is_failure_printed:
            _print_failure(error)
    finally:
        _RUN.reset(token)
    if record.error is not None:
        raise record.error
    return record.value


class _Run:
    """One run of a flow, and what Prefect records of it: nothing until `begin`."""

    def __init__(self, file: Path, name: str, home: Path, parameters: Mapping[str, object]) -> None:
        self.file, self.name, self.home, self.parameters = file, name, home, dict(parameters)
        self.has_begun = self.is_failure_printed = False
        self._engine: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> None:
        self._stack.__enter__()

    def __exit__(self, *raised: Any) -> bool | None:
        """Prefect records how the run ended, in no hurry only if it ended by itself."""
        if self._engine is not None and raised[1] is not None and not isinstance(raised[1], Exception):
            _shorten_timeouts()
        return self._stack.__exit__(*raised)

    def function(self) -> Callable[..., Any]:
        """The flow's function. If its file imports Prefect, and Prefect did not start, it has a temporary home."""
        function: Callable[..., Any]
        if self._engine is not None:
            function = self._engine.flow.fn
            return function
        self._stack.enter_context(prefect_settings(self._stack.enter_context(scratch_folder())))
        loaded = _module(self.file)[self.name]
        function = getattr(loaded, "fn", loaded)
        return function

    def begin(self) -> None:
        """Starts Prefect and begins a flow run, once. If Prefect fails, one line on stderr says so. Raises NoApiError."""
        self.has_begun = True
        try:
            with ExitStack() as stack:
                stack.enter_context(prefect_api(self.home))
                from prefect.flow_engine import FlowRunEngine

                engine: Any = FlowRunEngine(flow=_load(self.file, self.name), parameters=self.parameters)
                stack.enter_context(engine.start())
                stack.enter_context(engine.run_context())
                # A final state that could not be sent is not sent again, because the run would wait for it.
                engine.client.set_flow_run_state = _sent_once(engine.client.set_flow_run_state)
                self._engine = engine
                self._stack.push(stack.pop_all())
        except NoApiError:
            raise
        except Exception as error:
            self._engine = None
            _print_failure(error)

    def end(self, returned: Any) -> None:
        """Records the value that the flow's function returned, or the final state."""
        if self._engine is not None:
            self._engine.handle_success(returned)


_RUN: ContextVar[_Run | None] = ContextVar("run", default=None)


def run_step(
    step: Callable[..., Any],
    *arguments: Any,
    is_quiet: Callable[[Any], bool] | None = None,
    is_passing: Callable[[BaseException], bool] = lambda error: True,
    **task_options: Any,
) -> Any:
    """Runs a step as a Prefect task, or directly if no flow is running, and returns its result. Raises what the step
    raised.

    In a run that may stay quiet, a step with `is_quiet` runs directly, and Prefect starts after it if its result is not
    quiet, or before it is tried again if it fails in a way that `is_passing`; any other step starts Prefect first. If
    Prefect itself fails, a step that ran keeps its result, and a step that had not begun runs without Prefect.
    """
    run = _RUN.get()
    if run is not None and not run.has_begun:
        if is_quiet is not None:
            try:
                value = step(*arguments)
            except Exception as error:
                run.begin()
                if not is_passing(error):
                    raise
            else:
                if not is_quiet(value):
                    run.begin()
                return value
        else:
            run.begin()
    if "prefect" not in sys.modules:
        return step(*arguments)
    from prefect import task
    from prefect.cache_policies import NO_CACHE
    from prefect.context import FlowRunContext, TagsContext

    context = FlowRunContext.get()
    if context is None or _runs_without_prefect(context):
        return step(*arguments)
    # Prefect keeps each task, and the values that its function refers to, until the process ends. The arguments and the result
    # are cleared below, because a DuckDB connection must not live that long.
    record, step_arguments = Record(), list(arguments)
    options = {
        "name": _task_name(step, arguments),
        # The raw store and the ledger hold what a step did; a cached result would hide it.
        "cache_policy": NO_CACHE,
        "persist_result": False,
        "retry_condition_fn": lambda *_: record.error is not None and is_passing(record.error),
        **task_options,
    }

    def run_once() -> None:
        """Takes no arguments and returns nothing, because Prefect searches through all that a task receives and
        returns."""
        record.of(step)(*step_arguments)

    try:
        with TagsContext(current_tags=set()):  # a task with tags would ask the API for permission to start
            task(**options)(run_once)()
    except Exception as error:
        if record.error is not None:
            raise record.error from None
        _continue_without_prefect(error)
        if not record.began:
            return step(*arguments)
    finally:
        step_arguments.clear()
        value, record.value = record.value, None
    return value


def _task_name(step: Callable[..., Any], arguments: Sequence[object]) -> str:
    """The task name that Prefect shows: the step's name and its source."""
    subjects = (getattr(argument, "source_id", argument) for argument in arguments)
    return " ".join([step.__name__, *(subject for subject in subjects if isinstance(subject, str))])


def serve(file: Path, name: str, home: Path, parameters: Mapping[str, object], *, cron: str) -> None:
    """Runs the flow `name` of a Python file by the schedule `cron` (in UTC), one run at a time, until SIGINT or
    SIGTERM.

    If PREFECT_API_URL is not set, a server with a scheduler runs as long as this function; without a scheduler no
    schedule fires. Raises UsageError if `cron` is not a cron expression, and EtlError like `prefect_api`.
    """
    with prefect_settings(home.resolve(), console="INFO"):
        apply_settings()
        _expect_cron(cron)
        with prefect_api(home, with_scheduler=True):
            _serve_until_stopped(file, name, parameters, cron)


def final_state(status: str, message: str, value: object) -> Any:
    """The state in which a flow ends, with the value that `run_flow` returns; without Prefect only the value.

    The status `failed` becomes a Failed state; every other status becomes a Completed state under its own name.
    """
    if "prefect" not in sys.modules:
        return value
    from prefect.states import Completed, Failed

    make = Failed if status == "failed" else Completed
    return make(name=status.replace("_", " ").capitalize(), message=message, data=value)


def table_artifact(key: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Stores a table with the flow run. Outside a flow it does nothing; if the API fails, one line on stderr says
    so."""
    _store_artifact("table", key=key, table=[dict(row) for row in rows])


def markdown_artifact(key: str, text: str) -> None:
    """Stores a text with the flow run. Outside a flow it does nothing; if the API fails, one line on stderr says so."""
    _store_artifact("markdown", key=key, markdown=text)


def image_artifact(key: str, content: bytes, media_type: str, description: str) -> None:
    """Stores a picture (not a link to it) with the flow run. Outside a flow it does nothing; if the API fails, one line
    on stderr says so."""
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    _store_artifact("image", key=key, image_url=url, description=description)


def _load(file: Path, name: str) -> Any:
    from prefect.flows import load_flow_from_entrypoint

    return load_flow_from_entrypoint(f"{file}:{name}")


def _module(file: Path) -> dict[str, Any]:
    """The names of a Python file, which Prefect does not read here."""
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def _value(returned: Any) -> Any:
    """The value that a flow's function returned; unwraps it from a final state."""
    if "prefect" not in sys.modules:
        return returned
    from prefect.client.schemas.objects import State

    return returned.data if isinstance(returned, State) else returned


def _sent_once(send: Callable[..., Any]) -> Callable[..., Any]:
    def once(*arguments: Any, **named: Any) -> Any:
        try:
            return send(*arguments, **named)
        except Exception:
            _shorten_timeouts()
            raise

    return once


def _shorten_timeouts() -> None:
    """From now until the flow ends, each report to the API is tried once and with a short timeout."""
    from prefect.context import FlowRunContext
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    context = FlowRunContext.get()
    if context is not None and not _runs_without_prefect(context):
        client: Any = context.client
        client._client.timeout = HURRIED_SECONDS
        client.hurry = temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0})  # in force for as long as it is kept
        client.hurry.__enter__()


def _runs_without_prefect(context: Any) -> bool:
    return hasattr(context.client, "hurry")


def _continue_without_prefect(error: Exception) -> None:
    """Prefect itself failed: the rest of the flow runs without it."""
    _print_failure(error)
    _shorten_timeouts()
    if (run := _RUN.get()) is not None:
        run.is_failure_printed = True


def _print_failure(error: Exception) -> None:
    why = one_line(" ".join(str(error).split()) or type(error).__name__)[:300]
    print(f"leaderboard-etl: Prefect failed ({why}): the run continues without it", file=sys.stderr)


def _store_artifact(kind: str, **content: object) -> None:
    # If Prefect was not imported, no flow is running; importing it here would create a folder in the user's home.
    if "prefect" not in sys.modules:
        return
    from prefect import artifacts
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    if context is None or _runs_without_prefect(context):
        return
    try:
        getattr(artifacts, f"create_{kind}_artifact")(**content)
    except Exception as error:
        _continue_without_prefect(error)


def _expect_cron(cron: str) -> None:
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
            # Prefect's own handler would exit before the runner has stopped.
            if self._serving is not None:
                self._serving.get_loop().call_soon_threadsafe(self._serving.cancel)

    flow: Any = load_flow_from_entrypoint(f"{file}:{name}")
    tags = sorted(TagsContext.get().current_tags)
    runner = Served(name=name, limit=1)
    runner.add_flow(flow, name=name, schedule=Cron(cron, timezone="UTC"), parameters=dict(parameters), tags=tags)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(runner.start())
