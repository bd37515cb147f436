"""One question to the Hub through huggingface_hub's session: repeated after a failure that may pass, bounded in time and size,
and counted as the Hub counts.

The client's own helpers give up at the first 429 and wait for a slow answer without end, so this module does both.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import time
import weakref
from asyncio import sleep
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import (
    DeadlineError,
    FileTooLargeError,
    GatedRepoError,
    HubLimitedError,
    HubUnreachableError,
    MissingFileError,
    RepoUnavailableError,
    StatusError,
    TokenRefusedError,
    UnusableSettingsError,
)
from leaderboard_etl.hub.bodies import ACCEPTED, BadBodyError, Pace, read_body
from leaderboard_etl.hub.hub_clock import HubClock
from leaderboard_etl.hub.limits import ClosedError, Limits, retry_after_s
from leaderboard_etl.hub.sessions import Sessions
from leaderboard_etl.settings import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    import httpx2

_PASSING = frozenset({408, 425, 429})
_SERVER_FAILED = range(500, 600)  # the Hub's own codes and those of the network in front of it, such as 520 to 530
_UNAVAILABLE = frozenset({401, 403, 404})
# What the Hub states as X-Error-Code for something that does not exist or that we may not see. Its client uses the same codes:
# a firewall or a proxy on the way answers 403 as well, and says nothing about a repository.
_UNAVAILABLE_CODES = {
    "GatedRepo": GatedRepoError,
    "EntryNotFound": MissingFileError,
    "RepoNotFound": RepoUnavailableError,
}
_DISABLED = "Access to this resource is disabled."
# The Hub's X-Error-Message for an unknown token; its own client checks for the same words.
_BAD_TOKEN = "Invalid credentials in Authorization header"
# An error about any other header would show the token.
_SENDABLE = re.compile(r"[ -~]*")
_MOST_JSON_BYTES = 64 << 20
_MOST_ERROR_BYTES = 64 << 10
_MOST_HOPS = 6
_BIG_BYTES = 1 << 20  # hashing more than this would keep the loop from other requests
_RESOLVE_CACHE = "/api/resolve-cache/"
_ELSEWHERE = "elsewhere"
Query = Mapping[str, str | Sequence[str]]


def prepare_environment(endpoint: str) -> None:
    """Sets what huggingface_hub reads when it is imported: the address, and no telemetry. Call it before the first use."""
    if endpoint != DEFAULT_ENDPOINT:
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # a store of the public Hub, through which uploads would go
    os.environ["HF_ENDPOINT"] = endpoint
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"


@dataclass(frozen=True)
class Answer:
    """A successful answer. `linked_etag` is from the first hop that states a file's hash; `next_url` is null on a last page."""

    content: bytes
    etag: str
    linked_etag: str
    next_url: str | None


class _PassingError(Exception):
    """An attempt that failed in a way that may pass: worth `tries` attempts in all, the next one not before `pause_s`. `status`
    is 0 for a failure below HTTP."""

    def __init__(self, why: str, tries: int, status: int = 0, pause_s: float = 0.0) -> None:
        super().__init__(why)
        self.tries, self.status, self.pause_s = tries, status, pause_s


@dataclass
class Transport:
    """Requests to one address, `workers` at once; safe to use from several threads.

    An answer must begin within `timeout_s` and then bring `least_bytes_per_s`. A failure that may pass is tried `tries` times;
    a closed window of the Hub's limit is waited for up to `most_wait_s`. `deadline` is a time.monotonic() instant: requests in
    flight then are dropped, and no more are sent. `api_calls` and `file_calls` are what the Hub counts: each hop to it.
    """

    endpoint: str
    token: str | None = None
    workers: int = 64
    timeout_s: float = 30.0
    least_bytes_per_s: float = 16_384
    tries: int = 5
    first_wait_s: float = 1.0
    most_wait_s: float = 3600.0
    window_margin_s: float = 1.0
    deadline: float | None = None
    api_calls: int = 0
    file_calls: int = 0
    clock: HubClock = field(default_factory=HubClock)
    _has_answered: bool = False
    _is_token_refused: bool = False

    def request(
        self,
        url: str,
        query: Query,
        asked: str,
        *,
        most_bytes: int = _MOST_JSON_BYTES,
        most_tries: int | None = None,
    ) -> Answer:
        """The answer to one GET, tried again on passing failures, `tries` times or `most_tries` if that is less.

        Raises HubError or one of its kinds.
        """
        return loop.run(self.ask(url, query, asked, most_bytes=most_bytes, most_tries=most_tries))

    async def ask(
        self,
        url: str,
        query: Query,
        asked: str,
        *,
        most_bytes: int = _MOST_JSON_BYTES,
        most_tries: int | None = None,
        is_whole: Callable[[bytes], bool] | None = None,
        held: Callable[[str], bytes | None] | None = None,
    ) -> Answer:
        """The same, on the loop; an incomplete body is requested again.

        If a redirect states the hash of its target, `held` is asked for these bytes, in a thread, before the next hop.
        """
        patience = time.monotonic() + self.most_wait_s
        until = min(patience, self.deadline or patience)
        most_tries = min(self.tries, most_tries or self.tries)
        for number in range(1, most_tries + 1):
            try:
                return await self._try(url, query, asked, most_bytes, is_whole, held, until)
            except _PassingError as failure:
                # An address that never answered is more likely wrong than down: say so soon.
                tries = min(most_tries, failure.tries if self._has_answered else 3)
                pause_s = max(self.first_wait_s * 2 ** (number - 1), failure.pause_s)
                if number >= tries or time.monotonic() + pause_s > until:
                    raise self._given_up(asked, failure, number) from failure
            await sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    @property
    def waits_s(self) -> float:
        """For how many more seconds a limit of the Hub blocks requests; 0 if none does."""
        return self._limits.closed_for_s()

    def hear_time(self) -> None:
        """Asks the Hub once for anything, if no answer has told the time yet; without an answer it stays unknown."""
        if self.clock.newest_at is None:
            with suppress(HubError):
                self.request(f"{self.endpoint}/api/models", {"limit": "1"}, "the time", most_tries=1)

    def stated_limits(self) -> dict[str, tuple[int, float, int]]:
        """The Hub's limits as its answers state them: requests per window, seconds per window, requests left, by bucket."""
        return {
            bucket: (window.quota, window.width_s, int(window.left))
            for bucket, window in self._limits.windows.items()
            if window.quota is not None and window.width_s is not None and window.left not in (None, math.inf)
        }

    def close(self) -> None:
        """Closes the connections."""
        loop.run(self._sessions.aclose())

    async def _try(
        self,
        url: str,
        query: Query,
        asked: str,
        most_bytes: int,
        is_whole: Callable[[bytes], bool] | None,
        held: Callable[[str], bytes | None] | None,
        until: float,
    ) -> Answer:
        import httpx2

        request = self._request(url, query)
        linked_etag = ""
        for _ in range(_MOST_HOPS):
            try:
                response, content = await self._hop(request, asked, most_bytes, until)
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                raise _PassingError(_reason(error), tries=3) from error
            linked_etag = linked_etag or response.headers.get("x-linked-etag", "")
            if response.next_request is None:
                break
            if (
                held is not None
                and linked_etag
                and (content_held := await asyncio.to_thread(held, linked_etag)) is not None
            ):
                return Answer(content_held, "", linked_etag, None)
            # Only the configured host sees the token: the client drops the header on the way to another one.
            request = response.next_request
        else:
            raise HubError(f"{asked}: {self.endpoint} redirects more than {_MOST_HOPS} times: refused")
        status = response.status_code
        if status in _UNAVAILABLE:
            raise await self._unavailable(response, asked, until)
        if status in _PASSING or status in _SERVER_FAILED:
            raise _PassingError(f"HTTP {status}", self.tries, status, retry_after_s(response.headers))
        if not response.is_success:
            raise StatusError(f"{self.endpoint} answered HTTP {status} when asked for {asked}", status)
        if is_whole is not None:
            whole = asyncio.to_thread(is_whole, content) if len(content) > _BIG_BYTES else None
            if not (is_whole(content) if whole is None else await whole):
                raise _PassingError("the body is not the one that the tree names", tries=3)
        next_url = response.links.get("next", {}).get("url")
        return Answer(content, response.headers.get("etag", ""), linked_etag, next_url)

    async def _hop(
        self, request: httpx2.Request, asked: str, most_bytes: int, until: float
    ) -> tuple[httpx2.Response, bytes]:
        """One request and its answer, once the Hub's limit lets it through; the body of an error or a redirect is not kept.

        A 429 closes the window for everyone and does not count as an attempt: the request is sent again when the window opens.
        """
        kind, pause_s = self._kind(request.url), self.first_wait_s
        with self._sessions.one() as session:
            while True:
                self._expect_sense_in_asking(asked)
                try:
                    async with self._limits.turn(kind, until) as turn:
                        self._expect_sense_in_asking(asked)
                        self._count(kind)
                        pace = Pace(time.monotonic(), self.timeout_s, self.least_bytes_per_s, self.deadline or math.inf)
                        response = await self._begin(session, request, asked, pace)
                        self._has_answered = True
                        self.clock.hear(response.headers.get("date"))
                        turn.answered(response.status_code, response.headers, pause_s)
                except ClosedError as closed:
                    raise HubLimitedError(
                        f"{self.endpoint} limits our requests, for {closed.seconds:.0f} s more (asked for {asked}): continue"
                        " later, or set HF_TOKEN"
                    ) from closed
                try:
                    content = await self._body(response, asked, most_bytes, pace)
                finally:
                    await response.aclose()
                if response.status_code != 429:
                    return response, content
                pause_s *= 2

    async def _begin(
        self, session: httpx2.AsyncClient, request: httpx2.Request, asked: str, pace: Pace
    ) -> httpx2.Response:
        try:
            async with pace.within():
                return await session.send(request, stream=True, follow_redirects=False)
        except TimeoutError:
            raise self._too_slow(asked, f"no answer within {self.timeout_s:g} s") from None

    async def _body(self, response: httpx2.Response, asked: str, most_bytes: int, pace: Pace) -> bytes:
        try:
            if response.is_success:
                return await read_body(response, asked, most_bytes, pace)
            # Of an error or a redirect, read only enough that the connection can be used again.
            with suppress(FileTooLargeError, BadBodyError):
                await read_body(response, asked, _MOST_ERROR_BYTES, pace)
        except TimeoutError:
            raise self._too_slow(
                asked, f"the body comes with less than {self.least_bytes_per_s:,.0f} bytes/s"
            ) from None
        except BadBodyError as error:
            raise _PassingError(str(error), tries=3) from error
        return b""

    def _too_slow(self, asked: str, why: str) -> Exception:
        return self._over(asked) if self._is_over else _PassingError(why, tries=3)

    @property
    def _is_over(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _over(self, asked: str) -> DeadlineError:
        return DeadlineError(f"{asked}: the run's time is up (--deadline); the next run continues here")

    def _expect_sense_in_asking(self, asked: str) -> None:
        if self._is_token_refused:
            raise self._token_refused()
        if self._is_over:
            raise self._over(asked)

    async def _unavailable(self, response: httpx2.Response, asked: str, until: float) -> HubError:
        """The error for an answer 401, 403 or 404: about the token, about the repository, or about something else."""
        status, code = response.status_code, response.headers.get("x-error-code", "")
        if status == 401 and await self._refuses_token(response, until):
            self._is_token_refused = True
            return self._token_refused()
        kind = _UNAVAILABLE_CODES.get(code)
        if kind is None and (status == 401 or response.headers.get("x-error-message") == _DISABLED):
            kind = RepoUnavailableError  # without a token, a 401 says no more than this of a missing repository
        if kind is None and status == 404 and not code:
            kind = MissingFileError
        if kind is None:
            return StatusError(f"{self.endpoint} answered HTTP {status} when asked for {asked}", status)
        return kind(f"{asked} is not available from {self.endpoint} (HTTP {status})", status)

    async def _refuses_token(self, response: httpx2.Response, until: float) -> bool:
        """Whether a 401 is about the token. The Hub says so in the message, and states another reason by a code; if it does
        neither, it is asked whose the token is."""
        if "authorization" not in response.request.headers or response.headers.get("x-error-code"):
            return False
        if response.headers.get("x-error-message") == _BAD_TOKEN:
            return True
        request = self._request(f"{self.endpoint}/api/whoami-v2", {})
        answer, _ = await self._hop(request, "the token's owner", _MOST_JSON_BYTES, until)
        return answer.status_code == 401

    def _token_refused(self) -> TokenRefusedError:
        return TokenRefusedError(
            f"the Hub at {self.endpoint} refuses the token that we send (HTTP 401): renew the one in HF_TOKEN or of"
            " `hf auth login`, or remove it to ask without one"
        )

    def _given_up(self, asked: str, failure: _PassingError, number: int) -> HubError:
        if not self._has_answered:
            return HubUnreachableError(
                f"the Hub at {self.endpoint} cannot be reached ({failure}); check the address (--hub, HF_ENDPOINT) and the"
                " network, or try the bundled one with --hub sample"
            )
        why = f"{asked}: {failure}" if number == 1 else f"{asked}: {failure}, {number} times"
        return StatusError(why, failure.status) if failure.status else HubError(why)

    def _request(self, url: str, query: Query) -> httpx2.Request:
        with self._sessions.one() as session:
            return session.build_request("GET", url, params=dict(query) or None, headers=self._headers)

    @cached_property
    def _sessions(self) -> Sessions:
        sessions = Sessions()
        weakref.finalize(self, _let_go, sessions).atexit = False
        return sessions

    @cached_property
    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils._headers import build_hf_headers

        headers = build_hf_headers(token=self.token, library_name="leaderboard-etl")
        if not _SENDABLE.fullmatch(headers.get("authorization", "")):
            raise UnusableSettingsError(
                "the token in HF_TOKEN or of `hf auth login` has characters that no token has: renew it, or remove it to ask"
                " without one"
            )
        return {**headers, "accept-encoding": ACCEPTED}

    @cached_property
    def _origin(self) -> tuple[str, bytes]:
        """Scheme, host and port of the endpoint."""
        import httpx2

        url = httpx2.URL(self.endpoint)
        return url.scheme, url.netloc

    @cached_property
    def _limits(self) -> Limits:
        return Limits(self.window_margin_s)

    def _kind(self, url: httpx2.URL) -> str:
        """The limit of the Hub that counts an address; null for another host."""
        if (url.scheme, url.netloc) != self._origin:
            return _ELSEWHERE
        if url.path.startswith(_RESOLVE_CACHE):
            return "resolve-cache"
        if url.path.startswith("/api/"):
            return "api"
        return "resolvers" if "/resolve/" in url.path else "pages"

    def _count(self, kind: str) -> None:
        if kind == "api":
            self.api_calls += 1
        elif kind != _ELSEWHERE:
            self.file_calls += 1


def _let_go(sessions: Sessions) -> None:
    loop.start(sessions.aclose())


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text and text[0] else type(error).__name__
