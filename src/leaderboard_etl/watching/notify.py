"""Reports a failed or degraded run to a webhook or a command. If that fails, one line says so and nothing else
changes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlsplit

from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import json_visible, one_line

ALARMING = frozenset({"failed", "degraded"})
LIMIT_SECONDS = 10.0
# For a run that is ended by SIGTERM and has five seconds in all.
HURRIED_SECONDS = 1.5
# The environment variables that a command receives; others may hold a token.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def expect_notifiable(target: str) -> None:
    """Raises UsageError if `target` is neither an http(s) address nor a command with its arguments."""
    if _is_address(target):
        try:
            is_whole = bool(urlsplit(target).hostname)
        except ValueError:
            is_whole = False
        if not is_whole:
            raise UsageError("--notify: the address has no host; give http(s)://host/…, or a command")
        return
    try:
        words = shlex.split(target)
    except ValueError as error:
        raise UsageError(f"--notify: {target!r} is not a command ({error}); quote it as for a shell") from None
    if not words or "://" in words[0]:
        raise UsageError(f"--notify: {target!r} is neither an http(s) address nor a command")


def notify(target: str, outcome: Mapping[str, Any], *, limit_seconds: float = LIMIT_SECONDS) -> str | None:
    """Sends `outcome` as JSON: by POST to an address, or to the standard input of a command, which runs without a
    shell.

    Returns null, or why it did not arrive within `limit_seconds`. The reason leaves out the address's path and
    arguments, which may be secret.
    """
    content = json_visible(json.dumps(outcome, default=str)).encode()
    trouble = _post(target, content, limit_seconds) if _is_address(target) else _run(target, content, limit_seconds)
    if trouble is None:
        return None
    return one_line(f"the notice of this run did not reach {_shown_name(target)}: {trouble}")


def _is_address(target: str) -> bool:
    return target.lower().startswith(("http://", "https://"))


def _shown_name(target: str) -> str:
    return urlsplit(target).hostname or "its address" if _is_address(target) else shlex.split(target)[0]


def _post(address: str, content: bytes, limit_seconds: float) -> str | None:
    import httpx2

    outcomes: list[str | None] = []

    def post() -> None:
        headers = {"content-type": "application/json"}
        try:
            # Only the status matters; the body of the answer is not read.
            with httpx2.stream("POST", address, content=content, headers=headers, timeout=limit_seconds) as response:
                outcomes.append(None if response.is_success else f"it answered {response.status_code}")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            outcomes.append(type(error).__name__)

    # The client's timeout applies to each read; a server that answers byte by byte would never reach it.
    thread = threading.Thread(target=post, name="notify", daemon=True)
    thread.start()
    thread.join(limit_seconds)
    return outcomes[0] if outcomes else f"no answer within {limit_seconds:g} s"


def _run(command: str, content: bytes, limit_seconds: float) -> str | None:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Files, not pipes: a command that does not read, or leaves a child behind, cannot block the run.
    with TemporaryFile() as outcome_file, TemporaryFile() as stderr_file:
        outcome_file.write(content)
        outcome_file.seek(0)
        try:
            process = subprocess.Popen(
                shlex.split(command),
                stdin=outcome_file,
                stdout=subprocess.DEVNULL,
                stderr=stderr_file,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return getattr(error, "strerror", None) or type(error).__name__
        try:
            code = process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            return f"it did not end within {limit_seconds:g} s"
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code == 0:
            return None
        stderr_file.seek(0)
        error_lines = stderr_file.read(2000).decode(errors="replace").strip().splitlines()
        return f"it ended with exit code {code}" + (f" ({error_lines[-1][:200]})" if error_lines else "")
