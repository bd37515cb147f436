"""Which source is believed first, and which sources have their own names and sizes, by the descriptions of the sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import polars as pl

from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES

Kind = Literal["spelling", "repository", "release", "experts"]
_LAST = 1_000_000


def those(holds: Callable[[Source], bool]) -> tuple[str, ...]:
    """Ids of the sources with a property."""
    return tuple(source_id for source_id, source in SOURCES.items() if holds(source))


# Sources with names of their own; hub_id is the repository that their table links to.
OWN_NAMES = those(lambda source: source.names == "own")
# Sources whose names look like a repository's and need not be one: they are resolved if another source has the name.
COINED_NAMES = those(lambda source: source.names == "coined")
# Sources whose names have the same meaning as in another source, and that other source.
NAMES_AS = {source_id: source.names_as for source_id, source in SOURCES.items() if source.names_as is not None}
# Sources with our names for models.
OUR_NAMES = those(lambda source: source.names == "model_id")
# Their statements about a name are about the repository that the Hub answered with.
HUB_ANSWERS = those(lambda source: source.is_asked_by_model)
# Their sizes repeat those of another source, so they contradict none.
REPEATED_SIZES = those(lambda source: source.has_repeated_sizes)
# Their files are dated editions: the next edition may state something else about a model.
EDITIONS = those(lambda source: source.has_editions)


def order(kind: Kind) -> dict[str, int]:
    """Sources with a rank for a kind of fact, and that rank, first to last."""
    ranks = {source_id: getattr(source.trust, kind) for source_id, source in SOURCES.items()}
    return dict(sorted(((name, rank) for name, rank in ranks.items() if rank is not None), key=lambda item: item[1]))


def rank(kind: Kind) -> pl.Expr:
    """The rank of `source_id` for a kind of fact: the least is believed first; sources without one come last, all equal."""
    return pl.col("source_id").replace_strict(order(kind), default=_LAST, return_dtype=pl.Int32).alias("rank")
