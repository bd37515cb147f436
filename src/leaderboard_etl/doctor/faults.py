"""A fault as `doctor` reports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault. `part` is ledger, raw, published or folder.

    `lost` is what can no longer be read and `again` where it can be recovered from; both are null if there is only
    something to tidy up. `repair` says what `doctor --repair` does; null if no repair is safe.
    """

    part: str
    what: str
    lost: str | None = None
    again: str | None = None
    repair: str | None = None

    @property
    def is_harm(self) -> bool:
        """Whether something is lost or a run would refuse to start; otherwise the next run or a tidy-up repairs it."""
        return self.lost is not None


def counted(ids: list[int]) -> str:
    """Load ids for a sentence: `load 3`, `loads 3 to 5`, `loads 1, 4`."""
    if len(ids) == 1:
        return f"load {ids[0]}"
    if ids == list(range(ids[0], ids[-1] + 1)):
        return f"loads {ids[0]} to {ids[-1]}"
    first_ids = ", ".join(map(str, ids[:8]))
    return f"loads {first_ids}" + (" …" if len(ids) > 8 else "")
