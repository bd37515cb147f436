"""The Hub's rate limits: so many requests of a kind in windows of so many seconds, told with every answer."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Windows:
    """`quotas` are, by bucket (`api`, `resolvers`), requests and seconds; a bucket without one is not limited. `n_refused` counts
    the requests over a limit.

    Where a window is not of whole seconds its end is told with decimals, so that a test need not wait for whole ones.
    """

    quotas: Mapping[str, tuple[int, float]]
    n_refused: int = 0
    _open: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, bucket: str) -> tuple[dict[str, str], bool]:
        """Counts one request: the headers of its answer, and whether it is over the limit."""
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
