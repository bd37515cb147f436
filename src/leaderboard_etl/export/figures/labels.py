"""Places labels beside the marks of a static chart so that they cover no mark and no other label; others are left
out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]

_MARK_PX = 5.0
_LINE_PX = 14.0
# Letters by their width in Liberation Sans, which has the same widths as Arial and Helvetica.
_NARROW, _WIDE = frozenset("fijlrtI.,:;'|()[]/- "), frozenset("mwMW@%")


@dataclass(frozen=True)
class Axis:
    """A fixed axis: values `low` to `high` over pixels `start` to `stop`, which may run backwards."""

    low: float
    high: float
    start: float
    stop: float
    is_log: bool = False

    def pixel(self, value: float) -> float:
        low, high, at = (
            (math.log10(v) for v in (self.low, self.high, value)) if self.is_log else (self.low, self.high, value)
        )
        return self.start + (at - low) / (high - low) * (self.stop - self.start)

    def value(self, pixel: float) -> float:
        share = (pixel - self.start) / (self.stop - self.start)
        if self.is_log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Label:
    """A placed label: its anchor in values of the axes, and which end of the text is there (`align`: left, right or
    center)."""

    text: str
    x: float
    y: float
    align: str


def text_width(text: str, font_px: float) -> float:
    """The approximate width of a text in pixels; rather too wide than too narrow."""
    advances = (0.34 if c in _NARROW else 0.9 if c in _WIDE else 0.72 if c.isupper() else 0.56 for c in text)
    return font_px * sum(advances)


def lay_out(
    names: Iterable[tuple[float, float, str]],
    obstacles: Iterable[tuple[float, float]],
    x_axis: Axis,
    y_axis: Axis,
    font_px: float = 11,
) -> list[Label]:
    """Labels for (x, y, name), placed in this order; a name that fits nowhere is left out.

    `obstacles` are points, in values of the axes, that no label may cover: all marks, and points along lines.
    """
    taken = [_around(x_axis.pixel(x), y_axis.pixel(y)) for x, y in obstacles]
    placed = []
    for x, y, text in names:
        spots = _spots(x_axis.pixel(x), y_axis.pixel(y), text_width(text, font_px))
        spot = next(((at, align, box) for at, align, box in spots if _is_free(box, taken, x_axis, y_axis)), None)
        if spot is not None:
            at, align, box = spot
            taken.append((box[0] - 3, box[1], box[2] + 3, box[3]))
            placed.append(Label(text, x_axis.value(at), y_axis.value((box[1] + box[3]) / 2), align))
    return placed


def _spots(x: float, y: float, width: float) -> list[tuple[float, str, Box]]:
    """Possible positions around a mark (left and right, then above, then below), each with anchor, alignment and
    box."""
    beside, above, below = y, y - 15, y + 15
    anchors = [
        *((x - 8, "right", beside), (x + 8, "left", beside), (x, "center", above), (x - 3, "right", above)),
        *((x + 3, "left", above), (x, "center", below), (x + 3, "left", below), (x - 3, "right", below)),
    ]
    shift = {"right": -width, "left": 0.0, "center": -width / 2}
    half = _LINE_PX / 2
    return [
        (at, align, (at + shift[align], middle - half, at + shift[align] + width, middle + half))
        for at, align, middle in anchors
    ]


def _around(x: float, y: float) -> Box:
    return (x - _MARK_PX, y - _MARK_PX, x + _MARK_PX, y + _MARK_PX)


def _is_free(box: Box, taken: Sequence[Box], x_axis: Axis, y_axis: Axis) -> bool:
    left, right = sorted((x_axis.start, x_axis.stop))
    top, bottom = sorted((y_axis.start, y_axis.stop))
    is_inside = left + 2 <= box[0] and box[2] <= right and top <= box[1] and box[3] <= bottom
    return is_inside and not any(box[0] < t[2] and box[2] > t[0] and box[1] < t[3] and box[3] > t[1] for t in taken)
