"""What sources have published of the scores that an article states."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb

from leaderboard_etl.article.checking import AGREES, DISAGREES, NOT_MEASURABLE, Printed
from leaderboard_etl.article.scores import Stated
from leaderboard_etl.warehouse.charted import IS_CHARTED

# A printed number that ends in 5 may be rounded either way.
_ROUNDING_ERROR = 1e-6
_MOST_OTHERS = 3
_LONGEST_PROTOCOL = 80
_PUBLISHED = f"""
    select
        s.model_id,
        s.comparable_group,
        g.display_name as benchmark,
        s.score_pct,
        s.score_unit = 'points_10' as is_of_ten,
        nullif(s.setting, 'n/a') as setting,
        s.n_shot,
        s.protocol,
        m.model_id is not null as is_headline,
        about_model.population = 'official' as is_official,
        s.source_id,
        mart.link(s.source_url, about.link_pattern, s.repo_id, s.revision, s.path) as source_url
    from core.scores as s
    join core.comparable_groups as g using (comparable_group)
    join core.models as about_model on about_model.model_id = s.model_id
    left join core.sources as about on about.source_id = s.source_id
    left join mart.model_scaling as m on {IS_CHARTED}
    where list_contains($models, s.model_id) and list_contains($groups, s.comparable_group)
    order by all
"""


def published_scores(con: duckdb.DuckDBPyConnection, stated: Sequence[Stated]) -> list[dict[str, Any]]:
    """The current scores of the models and benchmarks that are stated: one row per score, with `is_headline` where
    mart.model_scaling, and so every chart, uses it."""
    models = sorted({model for each in stated for model in each.models})
    groups = sorted({group for each in stated for group in each.groups})
    relation = con.sql(_PUBLISHED, params={"models": models, "groups": groups})
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def judged(stated: Stated, published: Collection[Mapping[str, Any]]) -> Printed:
    """A stated score beside all that were published of its model on its benchmark. It agrees with any that is the same in the
    printed digits; else the nearest is named, and those that charts use. Nothing is said to disagree where the sentence may be
    about another model, or about a score under other conditions, such as a number of examples that no published one has."""
    scores = [row for row in published if row["model_id"] in stated.models and row["comparable_group"] in stated.groups]
    alike = _under_its_protocol(stated, scores)
    agreeing = [row for row in alike if _agrees(stated, row)]
    told: Mapping[str, Any] | None = None
    others: list[Mapping[str, Any]] = []
    reason: str | None = None
    if agreeing:
        verdict, told = AGREES, max(agreeing, key=lambda row: (_preference(stated, row), row["is_headline"]))
    elif not stated.names:
        verdict, reason = NOT_MEASURABLE, "no sentence before it in the paragraph names the model"
    elif not stated.models:
        verdict, reason = NOT_MEASURABLE, f"the warehouse has no model called {' or '.join(stated.names)}"
    elif not stated.groups:
        verdict, reason = NOT_MEASURABLE, f"the warehouse has no scores of {stated.benchmark}"
    elif not scores:
        verdict, reason = (
            NOT_MEASURABLE,
            f"the warehouse has no {stated.benchmark} score of {' or '.join(stated.models[:3])}",
        )
    else:
        # If none is alike, some state another number of examples; those that state none may be of any protocol.
        nearest = min(
            alike or [row for row in scores if row["n_shot"] is not None],
            key=lambda row: (_distance(stated, row), -_preference(stated, row), not row["is_headline"]),
        )
        best = max(_preference(stated, row) for row in scores)
        used = [
            row
            for row in alike or scores
            if row["is_headline"] and _preference(stated, row) == best and row is not nearest
        ]
        told, others = nearest, sorted(used, key=lambda row: _distance(stated, row))
        verdict = DISAGREES
        protocol = _protocol_of(nearest)
        if not alike:
            same = "the same number is published, but the" if _agrees(stated, nearest) else "the"
            verdict, reason = (
                NOT_MEASURABLE,
                f"{same} protocol differs: {stated.n_shot}-shot here, {protocol} there",
            )
        elif len(stated.names) > 1 and not stated.is_plain:
            verdict, reason = NOT_MEASURABLE, f"the sentence leaves open whether it is of {' or '.join(stated.names)}"
        elif not stated.is_plain:
            verdict, reason = NOT_MEASURABLE, "the sentence leaves open of which model it is, or under which conditions"
        elif not any(row["is_official"] or row["model_id"].lower() in map(str.lower, stated.names) for row in scores):
            verdict, reason = (
                NOT_MEASURABLE,
                "without the owner the name may be of another model than this one, which no vendor made",
            )
        elif stated.n_shot is None and protocol is not None:
            reason = f"the protocol may differ: none is stated here, {protocol} there"
    return Printed(
        f"{stated.benchmark_id or 'other'}_score",
        stated.text,
        stated.sentence,
        stated.start,
        stated.end,
        verdict,
        None if told is None else _as_number(told, stated),
        None,
        tuple(_as_number(row, stated) for row in others[:_MOST_OTHERS]),
        reason,
    )


def _under_its_protocol(stated: Stated, scores: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The published scores that a stated one may be compared with. Where it states its examples these are the ones that state as
    many, and all if none of them states a number; what both state and state otherwise differs, as in mart.source_agreement."""
    if stated.n_shot is None or all(row["n_shot"] is None for row in scores):
        return scores
    agreeing = [row for row in scores if row["n_shot"] is None and _agrees(stated, row)]
    return [row for row in scores if row["n_shot"] == stated.n_shot] + agreeing


def _preference(stated: Stated, row: Mapping[str, Any]) -> int:
    """Scores of the model that the name itself means come before those of one that it may be short for."""
    return -stated.models.index(row["model_id"])


def _agrees(stated: Stated, row: Mapping[str, Any]) -> bool:
    low, high = stated.interval(is_of_ten=row["is_of_ten"])
    return low - _ROUNDING_ERROR <= float(row["score_pct"]) <= high + _ROUNDING_ERROR


def _distance(stated: Stated, row: Mapping[str, Any]) -> float:
    low, high = stated.interval(is_of_ten=row["is_of_ten"])
    return max(low - float(row["score_pct"]), float(row["score_pct"]) - high, 0.0)


def _as_number(row: Mapping[str, Any], stated: Stated) -> dict[str, Any]:
    """A score in the form of a row of mart.article_numbers, in the unit in which it is printed."""
    is_tenth = row["is_of_ten"] and not stated.is_percent
    value = row["score_pct"] / 10 if is_tenth else row["score_pct"]
    used = ", the value that charts use" if row["is_headline"] else ""
    protocol = _protocol_of(row) or ""
    is_said = row["setting"] is None or row["setting"] in protocol
    setting = "".join(f", {each}" for each in (protocol, None if is_said else row["setting"]) if each)
    return {
        "number_id": f"score.{row['model_id']}.{row['comparable_group']}",
        "value": round(value, 2),
        "lo": None,
        "hi": None,
        "unit": "points of ten" if is_tenth else "percent",
        "on_date": None,
        "about": f"{row['model_id']}, {row['benchmark']}{setting}{used}, from {row['source_id']}",
        "source_url": row["source_url"],
        "claim_id": None,
    }


def _protocol_of(row: Mapping[str, Any]) -> str | None:
    """How a published score was measured, in its source's words, with the examples; null: not stated."""
    shots = None if row["n_shot"] is None else f"{row['n_shot']}-shot"
    said = row["protocol"] and textwrap.shorten(row["protocol"], _LONGEST_PROTOCOL, placeholder=" …")
    return (
        ", ".join(each for each in (said, None if said and shots and shots in said.lower() else shots) if each) or None
    )
