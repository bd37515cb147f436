"""A gate for each rate limit of the Hub: it sends nothing into a closed window, and few requests into one that is nearly used up.

The Hub counts requests by kind in windows of fixed length, and states in each answer how many are left and for how long.
All of this runs on one event loop, so it needs no lock.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# Numbers of at most nine digits: a longer one is not a limit, and Python does not read thousands of digits.
_SECONDS = r"[0-9]{1,9}(?![0-9])(?:\.[0-9]+)?"
_STATE = re.compile(
    rf'"(?P<bucket>[\w-]+)"\s*;\s*r\s*=\s*(?P<left>[0-9]{{1,9}})\s*;\s*t\s*=\s*(?P<resets_s>{_SECONDS})', re.ASCII
)
_POLICY = re.compile(rf"\bq\s*=\s*(?P<quota>0*[1-9][0-9]{{0,8}})\b.*?\bw\s*=\s*(?P<width_s>{_SECONDS})", re.ASCII)
# How many requests to send before the first answer states how many are left: a run may begin in a nearly used up window.
_BEFORE_FIRST_ANSWER = 4


class ClosedError(Exception):
    """A window stays closed for `seconds` more, which is longer than the caller can wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"closed for {seconds:.0f} s more")
        self.seconds = seconds


@dataclass
class Window:
    """The known state of one bucket's present window: `left` is null before the first answer, infinite without a limit.

    `ends_at` is infinite until an answer of this window states it; `opened_at` is when the window before ended for us.
    `quota` and `width_s` are the same for every window, null until stated.
    """

    margin_s: float
    left: float | None = None
    opened_at: float = -math.inf
    ends_at: float = math.inf
    quota: int | None = None
    width_s: float | None = None
    in_flight: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def enter(self, until: float) -> None:
        """Waits until a request may be sent. Raises ClosedError if that is later than `until`."""
        while not self._is_open():
            now = time.monotonic()
            if now >= until or (self.left == 0 and self.ends_at > until):
                raise ClosedError(max(self.ends_at - now, 0))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), min(self.ends_at, until) - now)

    def _is_open(self) -> bool:
        """Whether one more request fits: each request in flight takes one of those left, until its answer states the number."""
        now = time.monotonic()
        if now >= self.ends_at:
            self.left, self.opened_at, self.ends_at = self.quota, now, math.inf
        return self.in_flight < (_BEFORE_FIRST_ANSWER if self.left is None else self.left)

    @property
    def closed_for_s(self) -> float:
        """Seconds until the window opens again; 0: it is open, as far as we know."""
        return max(self.ends_at - time.monotonic(), 0.0) if self.left == 0 and self.ends_at < math.inf else 0.0

    def learn(self, status: int, headers: Mapping[str, str], pause_s: float) -> None:
        """Takes the limits that an answer states into account; after a 429 without a time, nothing is sent for `pause_s`."""
        now = time.monotonic()
        if policy := _POLICY.search(headers.get("ratelimit-policy", "")):
            self.quota, self.width_s = int(policy["quota"]), float(policy["width_s"])
        state = _STATE.search(headers.get("ratelimit", ""))
        if state is None:
            if status == 429:
                self.left, self.ends_at = 0, now + max(retry_after_s(headers), pause_s)
            elif self.left is None:
                self.left = math.inf
            return
        left = 0 if status == 429 else int(state["left"])
        ends_at = now + max(float(state["resets_s"]) + self.margin_s, pause_s if status == 429 else 0.0)
        # Answers come late and out of order: the window's end tells which window they describe.
        width_s = self.width_s or math.inf
        current_end = self.ends_at if self.ends_at < math.inf else self.opened_at + (self.width_s or 0.0)
        if ends_at < current_end - width_s / 2:
            return
        if ends_at > current_end + width_s / 2:
            self.left, self.ends_at = left, ends_at
            return
        self.left = min(math.inf if self.left is None else self.left, left)
        is_first = self.ends_at == math.inf
        self.ends_at = max(ends_at, 0.0 if is_first else self.ends_at) if status == 429 else min(ends_at, self.ends_at)

    def leave(self) -> None:
        """A request was answered, or never will be."""
        self.in_flight -= 1
        self.news.set()
        self.news = asyncio.Event()


@dataclass(frozen=True)
class Turn:
    """One request that may be sent now. Call `answered` with its answer."""

    limits: Limits
    kind: str

    def answered(self, status: int, headers: Mapping[str, str], pause_s: float) -> None:
        if state := _STATE.search(headers.get("ratelimit", "")):
            # The Hub may count this kind of address in another bucket: from now on we do the same.
            self.limits.buckets[self.kind] = state["bucket"]
        self.limits.window(self.kind).learn(status, headers, pause_s)


@dataclass
class Limits:
    """The Hub's buckets. `buckets` maps a kind of address to the bucket that counts it, if its name differs.

    We wait `margin_s` longer than the Hub asks, because it states whole seconds.
    """

    margin_s: float
    buckets: dict[str, str] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def window(self, kind: str) -> Window:
        """The window that counts a kind of address."""
        bucket = self.buckets.get(kind, kind)
        # A Hub that does not state a limit for its API has none.
        api = self.windows.get("api")
        left = math.inf if api is not None and api.left == math.inf else None
        return self.windows.setdefault(bucket, Window(self.margin_s, left=left))

    def closed_for_s(self) -> float:
        """Seconds until the last of the closed windows opens; 0: no window is closed. Other threads may call it."""
        return max((window.closed_for_s for window in list(self.windows.values())), default=0.0)

    @asynccontextmanager
    async def turn(self, kind: str, until: float) -> AsyncIterator[Turn]:
        """Waits until a request of this kind may be sent; the block sends it and ends when its answer begins.

        Raises ClosedError if it may not be sent before `until`, a time.monotonic() instant.
        """
        window = self.window(kind)
        await window.enter(until)
        window.in_flight += 1
        try:
            yield Turn(self, kind)
        finally:
            window.leave()


def retry_after_s(headers: Mapping[str, str]) -> float:
    """The seconds that an answer asks to wait; 0 if it does not ask, or not in seconds."""
    after = re.fullmatch(_SECONDS, headers.get("retry-after", "").strip())
    return float(after[0]) if after else 0.0
