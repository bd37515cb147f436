"""The hash chain of the ledger's lines: each line holds its own hash and the hash of the line before it, and ids have
no gaps.

So a line that was changed, lost, inserted or moved is detected, and reported by its number. Lines written by version
0.1.0 have no hashes. Only their ids are checked; the first later line holds the hash of the last of them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import msgspec

_TAIL = re.compile(rb',"previous_sha256":"([0-9a-f]{64})","sha256":"([0-9a-f]{64})"\}\n\Z')


@dataclass(frozen=True)
class Line:
    """One complete line: its number from 1, its bytes with the line end, its load's id, and its fault.

    `load_id` is null if the line is not a JSON object with an id. `fault` is null if the line is sound. `is_proven`
    says whether the line matches its own hash, whatever comes before it; null if it has no hash.
    """

    number: int
    content: bytes
    load_id: int | None
    is_proven: bool | None
    fault: str | None

    @property
    def body(self) -> bytes:
        """The load as JSON, without hashes."""
        tail = _TAIL.search(self.content)
        return self.content.rstrip(b"\n") if tail is None else self.content[: tail.start()] + b"}"


class _Id(msgspec.Struct):
    load_id: int


def seal(body: bytes, before: bytes) -> bytes:
    """The ledger line that holds the JSON object `body` and follows the line `before` (empty for the first line)."""
    open_object = body[:-1] + f',"previous_sha256":"{_sha256(before)}"'.encode()
    return open_object + f',"sha256":"{_sha256(open_object)}"}}\n'.encode()


def read_lines(content: bytes) -> tuple[list[Line], bytes]:
    """The checked complete lines of a ledger, and the bytes after the last line end, which a killed writer left."""
    parts = content.split(b"\n")
    torn = parts.pop()
    lines: list[Line] = []
    before, last_id = b"", 0
    for number, part in enumerate(parts, 1):
        line = part + b"\n"
        load_id = _load_id(line)
        is_proven = _is_proven(line)
        lines.append(Line(number, line, load_id, is_proven, _fault(line, load_id, is_proven, before, last_id)))
        before = line
        last_id = load_id if load_id is not None else last_id + 1
    return lines, torn


def _load_id(line: bytes) -> int | None:
    try:
        return msgspec.json.decode(line, type=_Id).load_id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _is_proven(line: bytes) -> bool | None:
    tail = _TAIL.search(line)
    if tail is None:
        return False if b'"sha256":' in line or b'"previous_sha256":' in line else None
    return tail[2].decode() == _sha256(line[: tail.start(2) - len(b',"sha256":"')])


def _fault(line: bytes, load_id: int | None, is_proven: bool | None, before: bytes, last_id: int) -> str | None:
    if load_id is None:
        return "is not a load: it was damaged"
    if is_proven is False:
        return f"was changed after it was written: load {load_id} does not have the hash that it carries"
    if load_id != last_id + 1:
        return f"is load {load_id} after load {last_id}: {_gap(last_id + 1, load_id - 1)}"
    tail = _TAIL.search(line)
    if tail is not None and tail[1].decode() != _sha256(before):
        return f"does not carry the hash of the line before it: load {last_id} was changed, or lines were lost"
    return None


def _gap(first: int, last: int) -> str:
    if first > last:
        return "lines moved or were doubled"
    return f"load {first} was lost" if first == last else f"loads {first} to {last} were lost"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
