"""Which source is believed first, and which names and sizes are whose, by what the sources say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import polars as pl

from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES

Kind = Literal["spelling", "repository", "release", "experts"]
_LAST = 1_000_000


def those(holds: Callable[[Source], bool]) -> tuple[str, ...]:
    """Ids of the sources of which something holds."""
    return tuple(source_id for source_id, source in SOURCES.items() if holds(source))


# Sources with names of their own; hub_id is the repository that their table links to.
OWN_NAMES = those(lambda source: source.names == "own")
# Sources that name models as we do.
OUR_NAMES = those(lambda source: source.names == "model_id")
# What these sources say of a name is about the repository that the Hub answered with.
HUB_ANSWERS = those(lambda source: source.is_asked_by_model)
# Their sizes repeat what another stated: they contradict none.
REPEATED_SIZES = those(lambda source: source.has_repeated_sizes)
# Their files are dated by their names, and what a table of them says of a model may change with the next.
EDITIONS = those(lambda source: source.has_editions)


def order(kind: Kind) -> dict[str, int]:
    """Sources that have a place among those that state a kind of fact, with their rank, first to last."""
    ranks = {source_id: getattr(source.trust, kind) for source_id, source in SOURCES.items()}
    return dict(sorted(((name, rank) for name, rank in ranks.items() if rank is not None), key=lambda item: item[1]))


def rank(kind: Kind) -> pl.Expr:
    """The rank of `source_id` for a kind of fact: the least is believed first; sources without a place come last, all alike."""
    return pl.col("source_id").replace_strict(order(kind), default=_LAST, return_dtype=pl.Int32).alias("rank")
