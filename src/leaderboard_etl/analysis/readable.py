"""Which lines of score against size a size may be read off: one that a chart may draw can still say little of a single score."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Readable:
    """What a line needs before a size is read off it, by policy/rules: so many families, and so great a share of the variance of
    scores that size explains. The whole 90 % interval of its slope must be above zero besides."""

    least_families: int
    least_r2: float

    def why_not(
        self, refusal_reason: str | None, n_families: int, slope_lo: float | None, r2: float | None
    ) -> str | None:
        """Why no size is read off a line, from the columns of mart.scaling_fit; None: it may be."""
        if refusal_reason is not None:
            return refusal_reason
        if n_families < self.least_families:
            return f"{n_families} families, {self.least_families} are needed"
        if slope_lo is None or not slope_lo > 0:
            return "it may not rise with size"
        if r2 is None or r2 < self.least_r2:
            explained = "nothing" if r2 is None else f"{100 * r2:.0f} % of the scores' variance"
            return f"size explains {explained}, {100 * self.least_r2:.0f} % are needed"
        return None
