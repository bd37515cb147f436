"""What a function did, apart from what the engine that ran it reports."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Record:
    """Whether a function began, and what it returned or raised in its last call."""

    began: bool = False
    value: Any = None
    error: BaseException | None = None

    def of(self, function: Callable[..., Any], told: Callable[[Any], Any] = lambda value: value) -> Callable[..., Any]:
        """The function, with its calls recorded; `value` is what `told` makes of what it returned."""

        @functools.wraps(function)
        def recorded(*arguments: Any, **named: Any) -> Any:
            self.began, self.value, self.error = True, None, None
            try:
                value = function(*arguments, **named)
                self.value = told(value)
            except BaseException as error:
                self.error = error
                raise
            return value

        return recorded
