"""Records what a function did, independently of what Prefect reports about it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Record:
    """Whether a function began, and what its last call returned or raised."""

    began: bool = False
    value: Any = None
    error: BaseException | None = None

    def of(
        self, function: Callable[..., Any], convert: Callable[[Any], Any] = lambda value: value
    ) -> Callable[..., Any]:
        """Returns the function wrapped so that its calls are recorded; `value` is its return value after `convert`."""

        @functools.wraps(function)
        def recorded(*arguments: Any, **named: Any) -> Any:
            self.began, self.value, self.error = True, None, None
            try:
                value = function(*arguments, **named)
                self.value = convert(value)
            except BaseException as error:
                self.error = error
                raise
            return value

        return recorded
