"""The sample's Hub with faults: bad answers and connections, rate limits, refused tokens."""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leaderboard_etl.sample import server, wire
from leaderboard_etl.sample.wire import Request

__all__ = ["HubServer", "Request", "Response"]


@dataclass(frozen=True)
class Response(wire.Response):
    """A response with a fault.

    `hang_seconds` waits first. `truncate_to` announces the whole body, sends that many bytes of it and hangs up.
    `reset` cuts the connection without an answer. `trickle_seconds` is the wait before each byte of the body. `endless`
    repeats the body until the client hangs up.
    """

    truncate_to: int | None = None
    hang_seconds: float = 0.0
    reset: bool = False
    trickle_seconds: float = 0.0
    endless: bool = False


class _Handler(wire.Handler):
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.n_opened += 1

    def send(self, response: wire.Response) -> None:
        if not isinstance(response, Response):
            super().send(response)
            return
        is_closing = bool(response.hang_seconds) and self.server.closing.wait(response.hang_seconds)
        if is_closing or response.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.close_connection = self.close_connection or response.truncate_to is not None or response.endless
        self.send_head(response, {} if response.endless else {"Content-Length": str(len(response.body))})
        if self.command != "HEAD":
            self._send_body(response)
        self.wfile.flush()

    def _send_body(self, response: Response) -> None:
        if response.trickle_seconds:
            for at in range(len(response.body)):
                self.wfile.flush()
                if self.server.closing.wait(response.trickle_seconds):
                    return
                self.wfile.write(response.body[at : at + 1])
            return
        self.wfile.write(response.body[: response.truncate_to])
        while response.endless and not self.server.closing.is_set():
            self.wfile.write(response.body)


class _Listener(wire.Listener):
    handler = _Handler

    def __init__(self, respond: Callable[[Request], wire.Response]) -> None:
        self.closing = threading.Event()
        self.n_opened = 0
        super().__init__(respond)

    def stop(self) -> None:
        self.closing.set()
        super().stop()


@dataclass
class Windows:
    """Rate limits. `quotas` are requests and seconds by bucket (`api`, `resolvers`); a bucket without an entry has no
    limit.

    `n_refused` counts the requests over a limit. If a window is not a whole number of seconds, its end is sent with
    decimals, so that tests can use short windows.
    """

    quotas: Mapping[str, tuple[int, float]]
    n_refused: int = 0
    _open: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, bucket: str) -> tuple[dict[str, str], bool]:
        """Counts one request; returns the headers of its answer, and whether it is over the limit."""
        if bucket not in self.quotas:
            return {}, False
        quota, seconds = self.quotas[bucket][0], float(self.quotas[bucket][1])
        now = time.monotonic()
        with self._lock:
            ends_at, used = self._open.get(bucket, (0.0, 0))
            if now >= ends_at:
                ends_at, used = now + seconds, 0
            self._open[bucket] = (ends_at, used + 1)
            self.n_refused += used >= quota
        resets_s = math.ceil(ends_at - now) if seconds.is_integer() else round(ends_at - now, 3)
        headers = {
            "RateLimit": f'"{bucket}";r={max(quota - used - 1, 0)};t={resets_s}',
            "RateLimit-Policy": f'"fixed window";"{bucket}";q={quota};w={seconds:g}',
        }
        return headers, used >= quota


class HubServer(server.HubServer):
    """The sample's Hub with faults.

    `requests` holds every request so far. `intercept` sees each request first; its result is sent instead of the normal
    answer, unless it is None (`answer` gives the normal answer to an `intercept` that wants to damage it). `limits` are
    requests and seconds by bucket (`api`, `resolvers`); null means no limit. Without `has_resolve_cache` the Hub serves
    small files at their usual address. A token in `refused_tokens` gets 401 for every question, like an expired one.
    """

    listener = _Listener

    def __init__(
        self,
        root: Path,
        *,
        others: Mapping[str, Path] | None = None,
        intercept: Callable[[Request], wire.Response | None] | None = None,
        limits: Mapping[str, tuple[int, float]] | None = None,
        has_resolve_cache: bool = True,
    ) -> None:
        super().__init__(root, others=others)
        self.intercept = intercept
        self.windows = Windows(limits or {})
        self.has_resolve_cache = has_resolve_cache
        self.refused_tokens: set[str] = set()
        self.requests: list[Request] = []

    @property
    def n_connections(self) -> int:
        """The number of connections opened so far; far fewer than requests if a client reuses its connections."""
        return int(getattr(self._listener, "n_opened", 0))

    def respond(self, request: Request) -> wire.Response:
        self.requests.append(request)
        headers, is_over = self.windows.spend(_bucket(request.path))
        if is_over:
            return wire.refusal(429, "", "We had to rate limit you", **headers)
        response = (self.intercept(request) if self.intercept else None) or self.answer(request)
        return replace(response, headers={**headers, **response.headers})

    def answer(self, request: Request) -> Response:
        is_refused = request.headers.get("authorization", "").removeprefix("Bearer ") in self.refused_tokens
        refusal = wire.refusal(401, "", "Invalid credentials in Authorization header")
        normal = refusal if is_refused else super().answer(request)
        return Response(normal.status, normal.headers, normal.body)


def _bucket(path: str) -> str:
    """The limit that applies to an address; the cache of small files has none."""
    if path.startswith("/api/resolve-cache/"):
        return ""
    if path.startswith("/api/"):
        return "api"
    return "resolvers" if "/resolve/" in path else "pages"
