"""One run, and who is told of its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from leaderboard_etl import report
from leaderboard_etl.watching.notify import ALARMING, check_target, notify

Tell = Callable[[Mapping[str, Any]], None]


@contextmanager
def watched(notify_target: str | None) -> Iterator[Tell]:
    """Yields what the block calls with the outcome of its run (`report.as_json`); an error that ends the block before that is
    told as a failed run, and passed on.

    A failed or degraded run goes to `notify_target`, as `notify` takes it. Null: nobody is told. What cannot be told is one line
    on standard error. Raises UsageError if the target is none.
    """
    if notify_target is not None:
        check_target(notify_target)
    is_told = False

    def tell(outcome: Mapping[str, Any]) -> None:
        nonlocal is_told
        is_told = True
        if notify_target is not None and outcome["status"] in ALARMING:
            _say(notify(notify_target, outcome))

    try:
        yield tell
    except Exception as error:
        if not is_told:
            tell(report.refusal(error))
        raise


def _say(trouble: str | None) -> None:
    if trouble is not None:
        print(f"leaderboard-etl: {trouble}", file=sys.stderr)
