"""Gives the same PDF the same bytes: vl-convert numbers and writes fonts in an order of chance."""

from __future__ import annotations

import re

# A run of names in a dictionary, each with the object that it means; and a reference to an object.
_NAMES = re.compile(rb"(?:^ +/[a-z]+\d+ \d+ 0 R\n){2,}", re.MULTILINE)
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_ENTRY = re.compile(rb"^(\d{10}) 00000 n", re.MULTILINE)


def ordered(pdf: bytes) -> bytes:
    """The same document, its names sorted and its objects numbered and written in the order in which they are referred to
    from the trailer. Expects what vl-convert writes: one table of places, no objects within streams."""
    table = pdf.rindex(b"\nxref\n") + 1
    starts = [int(place) for place in _ENTRY.findall(pdf[table:])]
    ends = dict(zip(sorted(starts), [*sorted(starts)[1:], table], strict=True))
    # The dictionary of each object, which may hold references, and its stream, which may not.
    objects = [pdf[start : ends[start]].partition(b"\nstream\n") for start in starts]
    heads = [
        _NAMES.sub(lambda names: b"".join(sorted(names[0].splitlines(keepends=True))), head) for head, *_ in objects
    ]
    trailer = pdf[pdf.rindex(b"trailer\n") : pdf.rindex(b"startxref\n")]
    numbers: dict[bytes, int] = {}
    waiting = _REFERENCE.findall(trailer)
    while waiting:
        number = waiting.pop(0)
        if number not in numbers:
            numbers[number] = len(numbers) + 1
            waiting = _REFERENCE.findall(heads[int(number) - 1]) + waiting

    def renumbered(text: bytes) -> bytes:
        return _REFERENCE.sub(lambda old: b"%d 0 R" % numbers[old[1]], text)

    written, places = pdf[: min(starts)], []
    for old, new in numbers.items():
        places.append(len(written))
        body = heads[int(old) - 1].partition(b" 0 obj")[2]
        written += b"%d 0 obj" % new + renumbered(body) + b"".join(objects[int(old) - 1][1:])
    entries = b"".join(b"%010d 00000 n\r\n" % place for place in places)
    size = len(places) + 1
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f\r\n" % size
        + entries
        + re.sub(rb"/Size \d+", b"/Size %d" % size, renumbered(trailer))
        + b"startxref\n%d\n%%%%EOF" % len(written)
    )
