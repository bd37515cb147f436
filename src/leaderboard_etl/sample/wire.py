"""HTTP on loopback: requests and answers as values, and the listener that carries them, faults included."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True)
class Request:
    """One request as received: `target` is the undecoded path and query; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @cached_property
    def parts(self) -> list[str]:
        return [unquote(part) for part in self.target.partition("?")[0].strip("/").split("/")]

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    def first(self, name: str) -> str:
        return self.query.get(name, [""])[0]

    def is_set(self, name: str) -> bool:
        return self.first(name).lower() in ("1", "true")


@dataclass(frozen=True)
class Response:
    """An answer. `hang_seconds` waits first; `truncate_to` announces the whole body, sends that many bytes of it and
    hangs up; `reset` cuts the connection without an answer; `trickle_seconds` is waited before each byte of the body;
    `endless` sends the body again and again until the client hangs up."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncate_to: int | None = None
    hang_seconds: float = 0.0
    reset: bool = False
    trickle_seconds: float = 0.0
    endless: bool = False


def as_json(value: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def refusal(status: int, code: str, message: str, **headers: str) -> Response:
    ascii_message = message.encode("ascii", "backslashreplace").decode()
    return as_json(
        {"error": message},
        {"X-Error-Message": ascii_message, **({"X-Error-Code": code} if code else {}), **headers},
        status,
    )


class Listener(socketserver.ThreadingTCPServer):
    """One daemon thread a connection; `respond` is called in it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, respond: Callable[[Request], Response]) -> None:
        self.respond = respond
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        self.n_opened = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    def stop(self) -> None:
        """Stop listening and hang up on clients that keep their connections open."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has gone by itself

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to report; other errors have been answered with 500."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)
        self.server.n_opened += 1

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Quiet: `HubServer.requests` is the log."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.respond(Request(self.command, self.path, headers, body))
        except Exception as error:
            response = refusal(500, "", f"the sample server failed: {error!r}")
        if response.hang_seconds and self.server.closing.wait(response.hang_seconds):
            response = Response(reset=True)
        if response.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.close_connection = self.close_connection or response.truncate_to is not None or response.endless
        phrase = self.responses.get(response.status, ("Unknown", ""))[0]
        lengths = {
            **({} if response.endless else {"Content-Length": str(len(response.body))}),
            "Connection": "close" if self.close_connection else "keep-alive",
        }
        dated = {"Date": self.date_time_string()}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**dated, **response.headers, **lengths}.items())
        self.wfile.write(f"HTTP/1.1 {response.status} {phrase}\r\n{head}\r\n".encode("latin-1", "replace"))
        if self.command != "HEAD":
            self._write_body(response)
        self.wfile.flush()

    def _write_body(self, response: Response) -> None:
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

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815
