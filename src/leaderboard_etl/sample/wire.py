"""HTTP on loopback: requests and responses as values, and the server that receives and sends them."""

from __future__ import annotations

import json
import socket
import socketserver
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
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
    """An answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def as_json(value: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def refusal(status: int, code: str, message: str, **headers: str) -> Response:
    ascii_message = message.encode("ascii", "backslashreplace").decode()
    return as_json(
        {"error": message},
        {"X-Error-Message": ascii_message, **({"X-Error-Code": code} if code else {}), **headers},
        status,
    )


class Handler(BaseHTTPRequestHandler):
    """One connection: reads each request, gets the response from the listener and sends it."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Prints nothing; the run reports its requests itself."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.respond(Request(self.command, self.path, headers, body))
        except Exception as error:
            response = refusal(500, "", f"the sample server failed: {error!r}")
        self.send(response)

    def send(self, response: Response) -> None:
        """Sends a complete response."""
        self.send_head(response, {"Content-Length": str(len(response.body))})
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_head(self, response: Response, lengths: Mapping[str, str]) -> None:
        """Sends the status and the headers, including those that depend on the connection."""
        phrase = self.responses.get(response.status, ("Unknown", ""))[0]
        connection = "close" if self.close_connection else "keep-alive"
        lines = {"Date": self.date_time_string(), **response.headers, **lengths, "Connection": connection}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.wfile.write(f"HTTP/1.1 {response.status} {phrase}\r\n{head}\r\n".encode("latin-1", "replace"))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815


class Listener(socketserver.ThreadingTCPServer):
    """One daemon thread per connection, which calls `respond`."""

    handler: ClassVar[type[Handler]] = Handler
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, respond: Callable[[Request], Response]) -> None:
        self.respond = respond
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), self.handler)

    def stop(self) -> None:
        """Stops listening and closes all open connections."""
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores a client that closes its connection; other errors were already answered with 500."""
