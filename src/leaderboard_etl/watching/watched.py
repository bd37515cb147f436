"""One run, and reporting its end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leaderboard_etl import report
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import Terminated, at_the_end, is_asked
from leaderboard_etl.watching.metrics import check_file, write_metrics
from leaderboard_etl.watching.notify import ALARMING, HURRIED_SECONDS, LIMIT_SECONDS, check_target, notify

Tell = Callable[[Mapping[str, Any]], None]


@contextmanager
def watched(warehouse: Warehouse, notify_target: str | None, metrics_file: Path | None) -> Iterator[Tell]:
    """Yields a function that the block calls with the outcome of its run (`report.as_json`). An error that ends the block before
    that is reported as a failed run and passed on; so is SIGTERM, in the time that is left. Ctrl-C is not: its user knows.

    A failed or degraded run goes to `notify_target`, as `notify` takes it, and the metrics of any to `metrics_file`. Null:
    nowhere. A report that fails is one line on standard error. Raises UsageError for an unusable target or file.
    """
    check_watched(warehouse, notify_target, metrics_file)
    is_told, telling = False, threading.Lock()

    def tell(outcome: Mapping[str, Any]) -> None:
        nonlocal is_told
        with telling:
            if is_told:
                return
            is_told = True
            if metrics_file is not None:
                _say(write_metrics(metrics_file, outcome, warehouse))
            if notify_target is not None and outcome["status"] in ALARMING:
                limit_seconds = HURRIED_SECONDS if is_asked() else LIMIT_SECONDS
                _say(notify(notify_target, outcome, limit_seconds=limit_seconds))

    with at_the_end(lambda: tell(report.refusal(Terminated()))):
        try:
            yield tell
        except Exception as error:
            tell(report.refusal(Terminated() if is_asked() else error))
            raise
        except BaseException as error:
            # Prefect hears SIGTERM within a flow and raises its own signal.
            if is_asked() or type(error).__name__ == "TerminationSignal":
                tell(report.refusal(Terminated()))
            raise


def check_watched(warehouse: Warehouse, notify_target: str | None, metrics_file: Path | None) -> None:
    """Raises UsageError for a target that is neither address nor command, or a file that is the warehouse's own."""
    if notify_target is not None:
        check_target(notify_target)
    if metrics_file is not None:
        check_file(metrics_file, warehouse)


def _say(trouble: str | None) -> None:
    if trouble is not None:
        print(f"leaderboard-etl: {trouble}", file=sys.stderr)
