"""Watches one run and reports its end."""

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
from leaderboard_etl.watching.metrics import expect_metrics_file, write_metrics
from leaderboard_etl.watching.notify import ALARMING, HURRIED_SECONDS, LIMIT_SECONDS, expect_notifiable, notify

Report = Callable[[Mapping[str, Any]], None]


@contextmanager
def watched(warehouse: Warehouse, notify_target: str | None, metrics_file: Path | None) -> Iterator[Report]:
    """Yields a function that the block must call with the outcome of its run (`report.as_json`).

    An error that ends the block earlier is reported as a failed run and raised again; so is SIGTERM, in the time that
    is left. Ctrl-C is not reported, because the user is present. A failed or degraded run is reported to
    `notify_target` (see `notify`); the metrics of every run are written to `metrics_file`; null means not at all. If
    reporting fails, one line on standard error says so. Raises UsageError for an unusable target or file.
    """
    expect_watchable(warehouse, notify_target, metrics_file)
    is_reported, lock = False, threading.Lock()

    def report_once(outcome: Mapping[str, Any]) -> None:
        nonlocal is_reported
        with lock:
            if is_reported:
                return
            is_reported = True
            if metrics_file is not None:
                _say(write_metrics(metrics_file, outcome, warehouse))
            if notify_target is not None and outcome["status"] in ALARMING:
                limit_seconds = HURRIED_SECONDS if is_asked() else LIMIT_SECONDS
                _say(notify(notify_target, outcome, limit_seconds=limit_seconds))

    with at_the_end(lambda: report_once(report.refusal(Terminated()))):
        try:
            yield report_once
        except Exception as error:
            report_once(report.refusal(Terminated() if is_asked() else error))
            raise
        except BaseException as error:
            # Within a flow Prefect handles SIGTERM and raises its own exception.
            if is_asked() or type(error).__name__ == "TerminationSignal":
                report_once(report.refusal(Terminated()))
            raise


def expect_watchable(warehouse: Warehouse, notify_target: str | None, metrics_file: Path | None) -> None:
    """Raises UsageError if the target is neither an address nor a command, or if the file is one of the warehouse's
    own."""
    if notify_target is not None:
        expect_notifiable(notify_target)
    if metrics_file is not None:
        expect_metrics_file(metrics_file, warehouse)


def _say(trouble: str | None) -> None:
    if trouble is not None:
        print(f"leaderboard-etl: {trouble}", file=sys.stderr)
