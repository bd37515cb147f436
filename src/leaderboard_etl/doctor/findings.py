"""A fault, as the doctor describes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault. `part` is ledger, raw, published or folder.

    `lost` is what cannot be read any more, `again` where it can be recovered from; both are null for something that is only
    to be tidied. `repair` is what `doctor --repair` does; null: it does nothing, because nothing is safe.
    """

    part: str
    what: str
    lost: str | None = None
    again: str | None = None
    repair: str | None = None

    @property
    def is_harm(self) -> bool:
        """Whether something is lost or a run would refuse; otherwise it is to be tidied, or the next run repairs it."""
        return self.lost is not None


def counted(ids: list[int]) -> str:
    """Numbers of loads for a sentence: `load 3`, `loads 3 to 5`, `loads 1, 4`."""
    if len(ids) == 1:
        return f"load {ids[0]}"
    if ids == list(range(ids[0], ids[-1] + 1)):
        return f"loads {ids[0]} to {ids[-1]}"
    first_ids = ", ".join(map(str, ids[:8]))
    return f"loads {first_ids}" + (" …" if len(ids) > 8 else "")
