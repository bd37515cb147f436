"""A Prefect server on loopback that ends with the process that started it, and writes down what it was told before."""

from __future__ import annotations

import asyncio
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

_START_SECONDS = 180  # a new home needs some 10 s for its migrations, on a busy machine several times that
_STOP_SECONDS = 30
_HURRIED_SECONDS = 1.5  # for a run that was interrupted, or whose server is ill
_SETTLE_SECONDS = 20


@contextmanager
def own_server(home: Path, with_scheduler: bool) -> Iterator[str]:
    """A Prefect server as our child. It ends when its standard input does, and so with us even after SIGKILL."""
    code = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r}); "
        f"from leaderboard_etl.prefect_server import main; main({with_scheduler})"
    )
    log = home / "server.log"
    with log.open("ab") as errors:
        # A session of its own: Ctrl-C in the terminal is for us; the server must still hear how the run ended.
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
    # Its own goodbye takes longer than a service manager waits for us.
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
    """The port that the server names once it answers. Raises EtlError if it does not start."""
    assert child.stdout is not None
    impatience = threading.Timer(_START_SECONDS, child.kill)
    impatience.daemon = True
    impatience.start()
    try:
        import prefect  # noqa: F401  # takes a second, in which the server starts too

        port = child.stdout.readline().decode().strip()
    except BaseException:
        child.kill()  # we are told to end while it starts: there is nothing that it would have to write down
        raise
    finally:
        impatience.cancel()
    if not port:
        raise EtlError(f"the Prefect server did not start: see {log}; moving {log.parent} away gives it a fresh start")
    return int(port)


def main(with_scheduler: bool) -> None:
    """Body of the server process: prints its port once it answers, and stops at the end of standard input."""
    # A service manager signals the whole group: the run is told too, and the server goes when the run has gone.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    # The end is watched for before anything that takes seconds: a run that is killed meanwhile leaves no server behind.
    serving: list[uvicorn.Server] = []

    def stop_at_end_of_input() -> None:
        sys.stdin.buffer.read()
        if not serving:
            os._exit(1)
        serving[0].should_exit = True
        time.sleep(_STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.utilities.messaging.memory import METRICS

    app = create_app(ephemeral=not with_scheduler, final=True)
    # With the protocol named, asyncio switches Nagle's delay off: it costs 40 ms a request otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))

    async def settled(scope: Any, receive: Any, send: Any) -> None:
        """The app, but its shutdown waits until the task runs that were reported have been written."""

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
            print(listener.getsockname()[1], flush=True)

    Server(uvicorn.Config(settled, log_level="error", lifespan="on", timeout_graceful_shutdown=5)).run([listener])
    os._exit(0)
