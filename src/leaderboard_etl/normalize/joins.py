"""Joins of names into one model that the statements about the names contradict.

An owner may redirect an old name to another model, and a table may link a row to the wrong repository. Such a join is undone,
and the reason is recorded; a row of policy/model_aliases.csv stays, and the audit warns about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

import polars as pl

from leaderboard_etl.normalize.doubts import MOST_DISAGREEMENT_PCT
from leaderboard_etl.normalize.identity import APART
from leaderboard_etl.normalize.trust import HUB_ANSWERS, OWN_NAMES, REPEATED_SIZES

_FOLLOWED = ("hub_rename", "hub_link")
# Methods that measure or publish a size.
_SIZED_BY = ("safetensors", "config", "leaderboard", "reference")

Name = tuple[str, str]  # a join: the source of the link, or '*' for a redirect of the Hub; the name in lower case
Joined = dict[str, dict[Name, set[float]]]  # by model


def subjects(aliases: pl.DataFrame) -> pl.DataFrame:
    """For every name of a model that the Hub or a link joined with another: source_id, source_name, and as `model_id` what its
    statements are about: the name itself, or the repository that the Hub answered with.

    Sizes must be judged under it: under the joined model's name, the size in another name would look like a mistake.
    """
    models = aliases.filter(pl.col("method").is_in(_FOLLOWED)).select("model_id").unique()
    rows = aliases.join(models, on="model_id", how="semi").select("source_id", "source_name", "model_id", "method")
    ids = [_joined_by(*row)[1] for row in rows.iter_rows()]
    return rows.select("source_id", "source_name", pl.Series("model_id", ids, pl.String))


def contradicted(evidence: pl.DataFrame, statements: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """The joins to undo, one row each: source_id ('*' for redirects of the Hub), lower (the name) and reason.

    `aliases` are rows of core.model_aliases, `evidence` and `statements` rows of core.parameter_evidence and open rows of
    history.models with `model_id` by `subjects`. Two sizes contradict each other if they are over 10 percent apart, and a
    proprietary name contradicts one with open weights. A name is compared with the model that it leads to and, if that has no
    statement, with the other names that lead there.
    """
    led = {(row[0], row[1]): (row[2], _joined_by(*row)) for row in aliases.iter_rows()}
    settled = evidence.filter(pl.col("method") == "override").select("model_id").unique()
    sizes = (
        evidence.join(settled, on="model_id", how="anti")
        .filter(
            (pl.col("kind") == "total")
            & pl.col("params").is_not_null()
            & ~pl.col("is_doubtful")
            & pl.col("method").is_in(_SIZED_BY)
            & ~pl.col("source_id").is_in(REPEATED_SIZES)
        )
        .select("source_id", "source_name", pl.col("params").cast(pl.Float64))
    )
    openness = statements.filter(pl.col("openness").is_not_null()).select(
        "source_id", "source_name", (pl.col("openness") == "proprietary").cast(pl.Float64)
    )
    reasons: dict[Name, str] = {}
    for values_by_model, odd in ((_by_name(sizes, led), _odd_sizes), (_by_name(openness, led), _odd_openness)):
        for model_id, names in values_by_model.items():
            for name, reason in odd(model_id, names):
                reasons.setdefault(name, reason)
    return pl.DataFrame([(*name, reason) for name, reason in sorted(reasons.items())], schema=APART, orient="row")


def _joined_by(source_id: str, source_name: str, model_id: str, method: str, *_: object) -> Name:
    """What joins this name to its model; the model's own id if nothing does, or if the Hub answered with it."""
    if source_id in HUB_ANSWERS and method in _FOLLOWED:
        return "*", model_id.lower()
    is_link = method in _FOLLOWED and source_id in OWN_NAMES and (method == "hub_link" or "/" not in source_name)
    return source_id if is_link else "*", source_name.lower()


def _by_name(rows: pl.DataFrame, led: Mapping[Name, tuple[str, Name]]) -> Joined:
    joined: Joined = defaultdict(lambda: defaultdict(set))
    for source_id, source_name, value in rows.iter_rows():
        model_id, name = led[source_id, source_name]
        joined[model_id][name].add(value)
    return joined


def _odd_sizes(model_id: str, names: Mapping[Name, set[float]]) -> Iterator[tuple[Name, str]]:
    own = ("*", model_id.lower())
    pairs = [(name, own) for name in names if name != own] if own in names else list(combinations(names, 2))
    for name, other in pairs:
        if _is_apart(names[name], names[other]):
            for odd, even in ((name, other), (other, name)):
                if odd != own:
                    own_size, other_size = (f"{min(names[each]):.0f}" for each in (odd, even))
                    yield odd, f"led to {model_id}, which has a size of {other_size}, but this name has {own_size}"


def _is_apart(sizes: set[float], others: set[float]) -> bool:
    most = 1 + MOST_DISAGREEMENT_PCT / 100
    return max(sizes) > most * min(others) or max(others) > most * min(sizes)


def _odd_openness(model_id: str, names: Mapping[Name, set[float]]) -> Iterator[tuple[Name, str]]:
    if any(values == {0.0} for values in names.values()):
        for name, values in names.items():
            if values == {1.0} and name != ("*", model_id.lower()):
                yield (
                    name,
                    f"led to {model_id}, which others call open, but the source of this name calls it proprietary",
                )
