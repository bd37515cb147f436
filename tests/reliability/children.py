"""Runs work in a child process that can be killed. The child is forked, so that it need not import everything again.

The parent must not use DuckDB or Polars itself, because a fork does not copy their threads.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import worlds

import leaderboard_etl
from leaderboard_etl.code_version import code_version


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, or the negative number of the signal that ended it, and its output."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def line(self) -> str:
        """Its output on stderr as one line."""
        return " / ".join(self.err.strip().splitlines())


def import_all() -> None:
    """Imports everything that a run imports, also late, so that no child has to; Prefect alone takes seconds."""
    for module in pkgutil.walk_packages(leaderboard_etl.__path__, "leaderboard_etl."):
        importlib.import_module(module.name)
    importlib.import_module("datasets")
    worlds.nightly()
    code_version()  # kept until the process ends


def in_child(work: Callable[[], int | None], *, at_start: Callable[[], None] | None = None) -> Ended:
    """Runs `work` in a child, after `at_start`; its result is the exit code."""
    begun = time.monotonic()
    with tempfile.TemporaryFile(dir="/tmp") as out, tempfile.TemporaryFile(dir="/tmp") as err:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                if at_start is not None:
                    at_start()
                code = work() or 0
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 1
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Ended(os.waitstatus_to_exitcode(status), texts[0], texts[1], time.monotonic() - begun)
