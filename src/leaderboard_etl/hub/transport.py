"""One GET to the Hub through huggingface_hub's session, tried again where the failure may pass, and counted.

The client's own helpers give up at the first 429, so the waiting is done here: Retry-After and the Hub's RateLimit header are
kept, up to a patience and a deadline.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import (
    GatedRepoError,
    HubLimitedError,
    HubUnreachableError,
    RepoUnavailableError,
    TokenRefusedError,
)
from leaderboard_etl.hub.hub_clock import HubClock
from leaderboard_etl.settings import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    import httpx2

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_UNAVAILABLE = frozenset({401, 403, 404})
# What the Hub says in X-Error-Message of a token that it does not know; its own client goes by the same words.
_BAD_TOKEN = "Invalid credentials in Authorization header"
Query = Mapping[str, str | Sequence[str]]


def prepare_environment(endpoint: str) -> None:
    """Sets what huggingface_hub reads when it is imported: the address, and no telemetry. Call it before the first use."""
    if endpoint != DEFAULT_ENDPOINT:
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # a store of the public Hub's, through which uploads would go
    os.environ["HF_ENDPOINT"] = endpoint
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"


@dataclass
class Transport:
    """Requests to one address. Counts every HTTP try in `api_calls` and `file_calls`; safe to use from several threads.

    `deadline` is a time.monotonic() instant after which no further try is begun.
    """

    endpoint: str
    token: str | None = None
    workers: int = 16
    timeout_s: float = 30.0
    tries: int = 5
    first_wait_s: float = 1.0
    most_wait_s: float = 300.0
    deadline: float | None = None
    api_calls: int = 0
    file_calls: int = 0
    clock: HubClock = field(default_factory=HubClock)
    _has_answered: bool = False
    _is_token_refused: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def request(
        self,
        url: str,
        query: Query,
        asked: str,
        *,
        is_file: bool = False,
        is_whole: Callable[[httpx2.Response], bool] | None = None,
        most_tries: int | None = None,
    ) -> httpx2.Response:
        """One GET, tried again on passing failures, `tries` times or `most_tries` if that is less. Raises HubError or one of
        its kinds."""
        import httpx2
        from huggingface_hub import get_session
        from huggingface_hub.utils._headers import build_hf_headers

        # Only the configured host sees the token: httpx drops the header on a redirect to another one.
        headers = build_hf_headers(token=self.token, library_name="leaderboard-etl")
        why, status = "", 0
        # An address that never answered is more likely wrong than ill: say so soon.
        tries = self.tries if self._has_answered else min(self.tries, 3)
        tries = min(tries, most_tries or tries)
        for number in range(tries):
            if self._is_token_refused:
                raise self._token_refused()
            self._count(is_file)
            pause = self.first_wait_s * 2**number
            try:
                response = get_session().get(
                    url, params=dict(query) or None, headers=headers, timeout=self.timeout_s, follow_redirects=True
                )
            except (httpx2.TransportError, httpx2.TooManyRedirects, httpx2.DecodingError) as error:
                why, status = _reason(error), 0
            else:
                self._has_answered = True
                self.clock.hear(response.headers.get("date"))
                status = response.status_code
                if status in _UNAVAILABLE:
                    raise self._unavailable(response, asked)
                if response.is_success:
                    if is_whole is None or is_whole(response):
                        return response
                    why = "the body is not the one that the tree names"
                elif status in _PASSING:
                    why = f"HTTP {status}"
                    pause = max(pause, _asked_wait_s(status, response.headers))
                else:
                    raise HubError(f"{self.endpoint} answered HTTP {status} when asked for {asked}", status)
            if number + 1 < tries and not self._sleep(pause):
                break
        if status == 429:
            raise HubLimitedError(
                f"{self.endpoint} limits our requests (asked for {asked}): go on later, or with HF_TOKEN set"
            )
        if not self._has_answered:
            raise HubUnreachableError(
                f"the Hub at {self.endpoint} cannot be reached ({why}); check the address (--hub, HF_ENDPOINT) and the"
                " network, or try the bundled one with --hub sample"
            )
        raise HubError(f"{asked}: {why}, {tries} times", status)

    def _unavailable(self, response: httpx2.Response, asked: str) -> HubError:
        """The error of an answer 401, 403 or 404: the token's, or the repository's."""
        status, code = response.status_code, response.headers.get("x-error-code", "")
        if status == 401 and "authorization" in response.request.headers and self._refuses_token(response):
            self._is_token_refused = True
            return self._token_refused()
        kind = GatedRepoError if code == "GatedRepo" else RepoUnavailableError
        return kind(f"{asked} is not to be had from {self.endpoint} (HTTP {status})", status)

    def _refuses_token(self, response: httpx2.Response) -> bool:
        """Whether a 401 speaks of the token. The Hub says so in the message, and names another reason by a code; where it
        says neither, it is asked whose the token is."""
        from huggingface_hub import get_session

        if response.headers.get("x-error-code"):
            return False
        if response.headers.get("x-error-message") == _BAD_TOKEN:
            return True
        sent = {"authorization": response.request.headers["authorization"]}
        self._count(is_file=False)
        answer = get_session().get(f"{self.endpoint}/api/whoami-v2", headers=sent, timeout=self.timeout_s)
        return answer.status_code == 401

    def _token_refused(self) -> TokenRefusedError:
        return TokenRefusedError(
            f"the Hub at {self.endpoint} refuses the token that we send (HTTP 401): renew the one in HF_TOKEN or of"
            " `hf auth login`, or remove it to ask without one"
        )

    def _count(self, is_file: bool) -> None:
        with self._lock:
            if is_file:
                self.file_calls += 1
            else:
                self.api_calls += 1

    def _sleep(self, seconds: float) -> bool:
        """Waits before the next try; false where that would outlast our patience or the deadline."""
        if seconds > self.most_wait_s or (self.deadline is not None and time.monotonic() + seconds > self.deadline):
            return False
        time.sleep(seconds)
        return True


def _asked_wait_s(status: int, headers: Mapping[str, str]) -> float:
    """How long the Hub asks us to wait: Retry-After, or after a 429 `t=` of its RateLimit header and a second more; else 0.

    The Hub sends RateLimit with every answer: of an error that passes it says nothing.
    """
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = re.search(r"\bt=(\d+)", headers.get("ratelimit", "")) if status == 429 else None
    return float(reset[1]) + 1 if reset else 0.0


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text and text[0] else type(error).__name__
