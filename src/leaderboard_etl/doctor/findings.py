"""What the doctor says of one fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault. `part` is ledger, raw, published or folder.

    `lost` is what cannot be read any more because of it, `again` where that can be had again; both are null for what is
    only to be tidied. `repair` is what `doctor --repair` does about it; null: nothing that is safe.
    """

    part: str
    what: str
    lost: str | None = None
    again: str | None = None
    repair: str | None = None

    @property
    def is_harm(self) -> bool:
        """Whether a run would refuse, or something is lost; else a thing to tidy, or that the next run mends by itself."""
        return self.lost is not None


def counted(ids: list[int]) -> str:
    """Numbers of loads for a sentence: `load 3`, `loads 3 to 5`, `loads 1, 4`."""
    if len(ids) == 1:
        return f"load {ids[0]}"
    if ids == list(range(ids[0], ids[-1] + 1)):
        return f"loads {ids[0]} to {ids[-1]}"
    shown = ", ".join(map(str, ids[:8]))
    return f"loads {shown}" + (" …" if len(ids) > 8 else "")
