"""Asks the Hub many questions at once, within a budget. The Hub's event loop sends them; the event loop of the pass
takes the answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import FileTooLargeError, HubLimitedError, NoHubError, RepoUnavailableError
from leaderboard_etl.hub.client import Hub

T = TypeVar("T")
Question = Callable[[], Coroutine[Any, Any, T]]


class PassOverError(Exception):
    """This pass may not ask another question."""


class Asking:
    """The questions of one pass, at most as many at once as the Hub has workers. `budget` is the maximum number of API
    calls, as the Hub counts them.

    `failures` are the questions without a usable answer; a model that is gone or gated is not a failure. `stopped` says
    why the pass ended early; null if it did not. `no_hub` is the error after which no question is asked at all.
    """

    def __init__(self, hub: Hub, budget: int) -> None:
        self.hub = hub
        self.budget = budget
        self.asked = 0
        self.failures: list[HubError] = []
        self.stopped: str | None = None
        self.no_hub: NoHubError | None = None
        self._calls_begun = 0
        self._calls_before = hub.api_calls
        self._free = asyncio.Semaphore(hub.workers)

    @property
    def calls(self) -> int:
        """API calls so far: the completed ones that the Hub counted, and those in flight."""
        return max(self._calls_begun, self.hub.api_calls - self._calls_before)

    @property
    def is_over(self) -> bool:
        """Whether no further API call may be made."""
        return self.no_hub is not None or self.stopped is not None or self.calls >= self.budget

    async def api(self, question: Question[T]) -> T:
        """Asks a question that takes one API call and returns the answer. Raises PassOverError if the budget is spent,
        and HubError."""
        if self.is_over:
            raise PassOverError
        self._calls_begun += 1
        return await self._ask(question)

    async def file(self, question: Question[T]) -> T:
        """Requests a file, which the Hub counts separately. Raises PassOverError and HubError."""
        return await self._ask(question)

    async def work(self, items: Iterable[T], visit: Callable[[T], Awaitable[None]]) -> None:
        """Visits the items in order, several at once, until all are visited or the pass is over."""
        waiting = iter(items)

        async def visitor() -> None:
            while not self.is_over and (item := next(waiting, None)) is not None:
                with suppress(PassOverError):
                    await visit(item)

        await asyncio.gather(*(visitor() for _ in range(self.hub.workers)))

    def failed_message(self) -> str | None:
        """One line about all failures: how many of each kind, and the first of each; null if there is none."""
        if not self.failures:
            return None
        kinds = Counter(f"HTTP {error.status}" if error.status else "no usable answer" for error in self.failures)
        first = {f"HTTP {e.status}" if e.status else "no usable answer": e for e in reversed(self.failures)}
        counts = "; ".join(f"{kind}: {count}, e.g. {first[kind]}" for kind, count in kinds.most_common())
        return f"{len(self.failures)} of {self.asked} questions failed and are asked again next time ({counts})"

    async def _ask(self, question: Question[T]) -> T:
        if self.no_hub is not None or self.stopped is not None:
            raise PassOverError
        self.asked += 1
        try:
            async with self._free:
                return await asyncio.wrap_future(loop.start(question()))
        except NoHubError as error:
            self.no_hub = error
            raise PassOverError from error
        except HubLimitedError as error:
            self.stopped = str(error)
            raise PassOverError from error
        except (RepoUnavailableError, FileTooLargeError):
            raise
        except HubError as error:
            self.failures.append(error)
            raise
