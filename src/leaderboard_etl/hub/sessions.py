"""Sessions like those of huggingface_hub, with its proxies and certificates, each with few requests at once.

At each request a session looks at every connection that it has, and keeps twenty of them: with sixty-four requests at once in
one, half of the processor time went there, and every seventh request opened a connection. All but the first share
their certificates, unless a program has set how sessions are made: each would spend twenty milliseconds on reading them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from leaderboard_etl.errors import first_line
from leaderboard_etl.hub.answers import UnusableSettingsError

if TYPE_CHECKING:
    import ssl

    import httpx2

_AT_ONCE = 8


@dataclass
class _Session:
    client: httpx2.AsyncClient
    n_busy: int = 0


@dataclass
class Sessions:
    """As many sessions as the concurrent requests need. All of it runs on one event loop, so it needs no lock."""

    _all: list[_Session] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[httpx2.AsyncClient]:
        """A session for one request, until the end of its answer. Raises UnusableSettingsError if none can be made."""
        session = next((session for session in self._all if session.n_busy < _AT_ONCE), None) or self._new()
        session.n_busy += 1
        try:
            yield session.client
        finally:
            session.n_busy -= 1

    async def aclose(self) -> None:
        """Closes the connections; the next request opens new ones."""
        closing, self._all[:] = self._all[:], []
        for session in closing:
            await session.client.aclose()

    def _new(self) -> _Session:
        import httpx2

        try:
            client = self._like(self._all[0].client) if self._all and _is_usual() else _own()
        except (ValueError, OSError, ImportError, httpx2.InvalidURL) as error:
            raise UnusableSettingsError(
                f"no request can be sent ({type(error).__name__}: {first_line(error)}): correct the proxy (HTTPS_PROXY,"
                " HTTP_PROXY, ALL_PROXY) or the certificates (SSL_CERT_FILE, SSL_CERT_DIR) in the environment"
            ) from error
        self._all.append(_Session(client))
        return self._all[-1]

    def _like(self, first: httpx2.AsyncClient) -> httpx2.AsyncClient:
        import httpx2

        return httpx2.AsyncClient(
            verify=self._certificates,
            event_hooks=first.event_hooks,
            follow_redirects=first.follow_redirects,
            timeout=first.timeout,
        )

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        import httpx2

        return httpx2.create_ssl_context()


def _is_usual() -> bool:
    """Whether the client makes its sessions itself: those of a program that runs a flow may have other proxies or certificates,
    which no session shows."""
    from huggingface_hub.utils import _http

    made_by = getattr(_http, "_GLOBAL_ASYNC_CLIENT_FACTORY", None)
    return made_by is not None and made_by is getattr(_http, "default_async_client_factory", None)


def _own() -> httpx2.AsyncClient:
    from huggingface_hub import get_async_session

    client = get_async_session()
    # The client's hook reads the bodies of errors without a bound.
    client.event_hooks = {"request": client.event_hooks["request"], "response": []}
    return client
