"""A Prefect server on loopback. It ends with the process that started it, after it has stored everything it
received."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leaderboard_etl.errors import EtlError
from leaderboard_etl.settings import PACKAGE
from leaderboard_etl.termination import at_the_end

_START_SECONDS = 180  # the migrations of a new home take about 10 s, on a busy machine several times that
_STOP_SECONDS = 30
_HURRIED_SECONDS = 1.5  # for a run that was interrupted, or whose server failed
_SETTLE_SECONDS = 20


@contextmanager
def own_server(home: Path, with_scheduler: bool) -> Iterator[str]:
    """Starts a Prefect server as a child process. It stops when its standard input ends, and so also after a SIGKILL of
    this process."""
    code = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r}); "
        f"from leaderboard_etl.prefect_server import main; main({with_scheduler})"
    )
    log = home / "server.log"
    with log.open("ab") as errors:
        # A session of its own: Ctrl-C must not stop the server, which must still receive how the run ended.
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert child.stdin is not None
    assert child.stdout is not None
    seconds = _HURRIED_SECONDS
    # An orderly stop of the server takes longer than a service manager waits for this process.
    with at_the_end(child.kill):
        try:
            yield f"http://127.0.0.1:{_port(child, log)}/api"
            seconds = _STOP_SECONDS
        finally:
            try:
                child.stdin.close()
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
            finally:  # also where a signal ends the wait
                child.kill()
                child.wait()
                child.stdout.close()


def _port(child: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the server prints once it answers. Raises EtlError if it does not start."""
    assert child.stdout is not None
    start_limit = threading.Timer(_START_SECONDS, child.kill)
    start_limit.daemon = True
    start_limit.start()
    try:
        import prefect  # noqa: F401  # takes a second, while the server starts

        port = child.stdout.readline().decode().strip()
    except BaseException:
        child.kill()  # it has not received anything yet that it would have to store
        raise
    finally:
        start_limit.cancel()
    if not port:
        raise EtlError(f"the Prefect server did not start: see {log}; moving {log.parent} away gives it a fresh start")
    return int(port)


def main(with_scheduler: bool) -> None:
    """Body of the server process: prints its port once it answers, and stops at the end of standard input."""
    # A service manager signals the whole process group. The server ignores it and stops after the run has stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    # Started before anything slow, so that a run that is killed meanwhile leaves no server behind.
    serving: list[uvicorn.Server] = []

    def stop_at_end_of_input() -> None:
        sys.stdin.buffer.read()
        if not serving:
            os._exit(1)
        serving[0].should_exit = True
        time.sleep(_STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    # What is imported stays until the end: to look for garbage in it took a fifth of the start.
    gc.disable()
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.utilities.messaging.memory import METRICS

    app = create_app(ephemeral=not with_scheduler, final=True)
    # Only if the protocol is given does asyncio switch off Nagle's delay, which costs 40 ms per request.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))

    async def app_with_late_shutdown(scope: Any, receive: Any, send: Any) -> None:
        """The app, but its shutdown waits until all reported task runs have been stored."""

        async def receive_last() -> Any:
            message = await receive()
            deadline = time.monotonic() + _SETTLE_SECONDS
            while time.monotonic() < deadline and any(m["published"] > m["consumed"] for m in METRICS.values()):
                await asyncio.sleep(0.02)
            return message

        await app(scope, receive_last if scope["type"] == "lifespan" else receive, send)

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            serving.append(self)
            gc.freeze()
            gc.enable()
            print(listener.getsockname()[1], flush=True)

    Server(uvicorn.Config(app_with_late_shutdown, log_level="error", lifespan="on", timeout_graceful_shutdown=5)).run(
        [listener]
    )
    os._exit(0)
