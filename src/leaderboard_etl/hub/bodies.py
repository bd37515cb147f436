"""The body of an answer, bounded while it arrives: in bytes as sent, in bytes unpacked, and in time."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leaderboard_etl.hub.answers import FileTooLargeError

if TYPE_CHECKING:
    import httpx2

# The only packing we ask for: the standard library cannot unpack others in bounded steps.
ACCEPTED = "gzip"


class BadBodyError(Exception):
    """A body that cannot be unpacked; another attempt may bring a sound one."""


@dataclass(frozen=True)
class Pace:
    """The least pace of an answer: `grace_s` until it begins, and then `least_bytes_per_s` on average.

    `deadline` is a time.monotonic() instant after which we wait for nothing, at any pace.
    """

    begun: float
    grace_s: float
    least_bytes_per_s: float
    deadline: float

    def ends_at(self, received_bytes: int) -> float:
        """The instant by which more than `received_bytes` must have arrived."""
        return min(self.begun + self.grace_s + received_bytes / self.least_bytes_per_s, self.deadline)

    def within(self, received_bytes: int = 0) -> asyncio.Timeout:
        """A block that raises TimeoutError when the answer is too slow."""
        return asyncio.timeout(self.ends_at(received_bytes) - time.monotonic())


async def read_body(response: httpx2.Response, asked: str, most_bytes: int, pace: Pace) -> bytes:
    """The body, unpacked.

    Raises FileTooLargeError as soon as it exceeds `most_bytes`, TimeoutError if it falls behind `pace`, and BadBodyError.
    """
    unpack = _unpacker(response.headers.get("content-encoding", ""))
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > most_bytes:
        raise FileTooLargeError(f"{asked} has {int(length):,} bytes, over the limit of {most_bytes:,}: refused")
    parts: list[bytes] = []
    received_bytes = size_bytes = 0
    loop = asyncio.get_running_loop()
    async with pace.within() as clock:
        async for chunk in response.aiter_raw():
            received_bytes += len(chunk)
            clock.reschedule(loop.time() + pace.ends_at(received_bytes) - time.monotonic())
            try:
                part = chunk if unpack is None else unpack.decompress(chunk, most_bytes + 1 - size_bytes)
            except zlib.error as error:
                raise BadBodyError(f"the body cannot be unpacked ({error})") from error
            parts.append(part)
            size_bytes += len(part)
            # Bytes after the end of packed content are not content, and may go on without end.
            if size_bytes > most_bytes or received_bytes > most_bytes + most_bytes // 100 + 1024:
                raise FileTooLargeError(f"{asked} has more than {most_bytes:,} bytes, the limit: refused")
    if unpack is not None and not unpack.eof and received_bytes:
        raise BadBodyError("the packed body is cut")
    return b"".join(parts)


def _unpacker(encoding: str) -> zlib._Decompress | None:
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    raise BadBodyError(f"the body is packed as {encoding[:40]!r}, which was not asked for")
