"""Rules for every parsed record of any source. A record that breaks one goes to quarantine with the first rule it breaks; a
rule that cannot be evaluated (null) counts as broken if its column is required."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from leaderboard_etl.sources.base import Parsed, empty, refused_rows
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.measured import Measured, numbered
from leaderboard_etl.units import score_pct

KEYS = {
    "scores": ("source_id", "source_name", "variant_id", "precision", "has_chat_template", "setting", "run_id"),
    "subtask_scores": (
        *("source_id", "source_name", "precision", "has_chat_template", "run_id"),
        *("task", "metric", "metric_filter", "n_shot"),
    ),
    "models": ("source_id", "source_name", "precision", "repo_id", "path"),
    "model_bases": ("source_id", "source_name", "base_model_text", "repo_id", "path"),
    "parameter_claims": ("source_id", "source_name", "precision", "kind", "method", "repo_id", "path"),
    "submissions": ("source_id", "source_name", "precision", "repo_id", "path"),
    # Two files may hold one day of a board: core takes the newest statement of it.
    "ratings": ("source_id", "source_name", "board", "published_on", "repo_id", "path"),
    "prices": ("source_id", "source_name", "run_id", "priced_on", "repo_id", "path"),
}
_HUB_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})?$"
_MOST_PARAMS = 10**14
_EARLIEST, _LATEST = pl.date(2017, 1, 1), pl.date(2100, 1, 1)
# A fraction and a percentage are less than any rating: boards begin at 1000 points, and 400 more are odds of ten to one.
_LEAST_RATING, _MOST_RATING = 100.0, 10_000.0
# US dollars for a million tokens: ten times the dearest model of 2023.
_MOST_USD_PER_MTOK = 10_000.0


@dataclass(frozen=True)
class Rule:
    """`holds` is true for a good record; `offending_text` is what a person needs to see of a bad one."""

    name: str
    holds: pl.Expr
    reason: str
    offending_text: pl.Expr


def apply_rules(parsed: Parsed, source: Source, benchmarks: pl.DataFrame) -> Parsed:
    """`parsed` with every record that breaks a rule moved to its quarantine."""
    rows_in = sum(parsed.count(target) for target in (*KEYS, "quarantine"))
    kept = Parsed(source_rows=parsed.source_rows, rows_in=rows_in, drift=parsed.drift)
    refused = [parsed.quarantine]
    for target in KEYS:
        if not parsed.count(target):
            continue
        if target == "subtask_scores" and _all_keep_rules(parsed.subtask_scores, source):
            kept.subtask_scores = parsed.subtask_scores
            continue
        good, bad = _split(parsed.frame(target), _rules(target, source, benchmarks), target)
        kept.put(target, good)
        refused.append(bad)
    kept.quarantine = pl.concat(refused) if len(refused) > 1 else parsed.quarantine
    return kept


def _all_keep_rules(measured: Measured, source: Source) -> bool:
    """Whether every value keeps the rules of subtask scores, asked of each run and each metric once. Where one does not, all are
    written out and judged one by one."""
    runs, metrics, values = measured
    if not values["score_raw"].is_finite().fill_null(False).all():
        return False
    if not runs.select(_name_rule(source).holds.fill_null(False).all()).item():
        return False
    key = KEYS["subtask_scores"]
    same_run, same_metric = (
        numbered(frame, [column for column in key if column in frame.columns])[1] for frame in (runs, metrics)
    )
    pairs = same_run[values["run_no"]].cast(pl.UInt64) * metrics.height + same_metric[values["metric_no"]]
    return pairs.n_unique() == values.height


def _rules(target: str, source: Source, benchmarks: pl.DataFrame) -> list[Rule]:
    rules = [_name_rule(source)]
    if target == "scores":
        rules += _score_rules(benchmarks)
    if target == "subtask_scores":
        value = pl.concat_str([pl.col("task"), pl.col("metric"), pl.col("score_raw").cast(pl.String)], separator=" ")
        rules.append(
            Rule("score_raw|number", pl.col("score_raw").is_finite(), "the value is not a finite number", value)
        )
    if target == "models":
        rules += _model_rules()
    if target == "model_bases":
        rules.append(_length_rule(["base_model_text"]))
    if target == "parameter_claims":
        rules.append(
            Rule(
                "params|range",
                pl.col("params").is_null() | pl.col("params").is_between(1, _MOST_PARAMS),
                "a parameter count is positive and below 1e14; unknown is null",
                pl.col("params").cast(pl.String),
            )
        )
    if target == "submissions":
        rules.append(_length_rule(["status", "model_type", "architecture", "base_model_text", "license_text"]))
    if target == "ratings":
        rules += _rating_rules()
    if target == "prices":
        rules += _price_rules()
    rules.append(_key_rule(target, pl.struct(KEYS[target]).is_first_distinct(), "in the file"))
    return rules


def repeated(frame: pl.DataFrame, target: str, which: str) -> pl.DataFrame:
    """Records of a target as a parsed quarantine frame, because the first record, described by `which`, has their key."""
    return _refused(frame, _key_rule(target, pl.lit(False), which), target)


def _key_rule(target: str, holds: pl.Expr, which: str) -> Rule:
    key = KEYS[target]
    return Rule(
        "key|unique",
        holds,
        f"a second record with the same key ({', '.join(key)}); the first one {which} is kept",
        pl.concat_str([pl.col(c).cast(pl.String) for c in key], separator=" | ", ignore_nulls=True),
    )


def could_be_repository(name: str) -> bool:
    """Whether the Hub could have a repository of this name: the Hub is not asked for others."""
    return re.fullmatch(_HUB_NAME, name) is not None and ".." not in name and "--" not in name


def _name_rule(source: Source) -> Rule:
    name = pl.col("source_name")
    if source.has_hub_names:
        return Rule(
            "source_name|form",
            name.str.contains(_HUB_NAME) & ~name.str.contains(r"\.\.|--", literal=False),
            "not a repository name that the Hub could have: letters, digits, '-', '_' and '.', at most one '/'",
            name,
        )
    return Rule(
        "source_name|form",
        (name.str.len_chars().is_between(1, 200)) & ~name.str.contains(r"[\x00-\x1f<>]"),
        "a model name has 1 to 200 characters and no markup or control characters",
        name,
    )


def _score_rules(benchmarks: pl.DataFrame) -> list[Rule]:
    value = pl.concat_str(
        [pl.col("variant_id"), pl.lit(" = "), pl.col("score_raw").cast(pl.String), pl.lit(" "), pl.col("score_unit")],
        ignore_nulls=True,
    )
    scale = _by_variant(benchmarks, "scale")
    published = pl.col("score_norm_published_pct")
    low, high = _by_variant(benchmarks, "score_min_pct"), _by_variant(benchmarks, "score_max_pct")
    return [
        Rule(
            "variant_id|known",
            pl.col("variant_id").is_in(benchmarks["variant_id"].to_list()),
            "no such variant in policy/benchmarks.csv",
            pl.col("variant_id"),
        ),
        Rule("score_raw|number", pl.col("score_raw").is_finite(), "the score is not a finite number", value),
        Rule(
            "score_unit|scale",
            (pl.col("score_unit") == scale)
            | (pl.col("score_unit").is_in(["fraction", "percent"]) & scale.is_in(["fraction", "percent"])),
            "the unit does not go with the variant's scale in policy/benchmarks.csv",
            value,
        ),
        Rule(
            "score_raw|range",
            # In a mean, 0.1 + 0.2 may exceed the highest score by a last digit, but nothing makes a score less than the lowest.
            score_pct().is_between(low, high + 1e-9),
            "outside what policy/benchmarks.csv admits: another unit, or a wrong value",
            value,
        ),
        Rule(
            "score_norm_published_pct|range",
            published.is_null() | published.is_between(0, 100 + 1e-9),
            "the published normalised value is not a percentage",
            published.cast(pl.String),
        ),
    ]


def _by_variant(benchmarks: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col("variant_id").replace_strict(
        benchmarks["variant_id"], benchmarks[column], default=None, return_dtype=benchmarks[column].dtype
    )


def _model_rules() -> list[Rule]:
    texts = ["license_text", "base_model_text", "architecture", "organization", "display_name", "model_type", "hub_id"]
    dates = ["uploaded_on", "submitted_on", "released_on"]
    return [
        _length_rule(texts),
        Rule(
            "date|range",
            pl.all_horizontal(pl.col(c).is_null() | pl.col(c).is_between(_EARLIEST, _LATEST) for c in dates),
            "a date before 2017 or after 2100",
            pl.concat_str([pl.col(c).cast(pl.String) for c in dates], separator=" | ", ignore_nulls=True),
        ),
    ]


def _rating_rules() -> list[Rule]:
    rating, lower, upper = pl.col("rating"), pl.col("rating_lower"), pl.col("rating_upper")
    board_and_rating = pl.concat_str([pl.format("{} = ", "board"), rating.cast(pl.String)])
    interval = pl.format(
        "{} within {} to {}", *(c.cast(pl.String).fill_null("nothing") for c in (rating, lower, upper))
    )
    is_absent = lower.is_null() & upper.is_null()
    return [
        Rule(
            "published_on|range",
            pl.col("published_on").is_between(_EARLIEST, _LATEST),
            "the day of a rating is not a date, or is before 2017 or after 2100",
            pl.col("published_on").cast(pl.String),
        ),
        Rule("rating|number", rating.is_finite(), "the rating is not a finite number", board_and_rating),
        Rule(
            "rating|range",
            rating.is_between(_LEAST_RATING, _MOST_RATING),
            "below 100 or above 10,000 points: a share or a percentage is not a rating",
            board_and_rating,
        ),
        Rule(
            "rating|interval",
            is_absent | ((lower <= rating) & (rating <= upper)),
            "the interval has one end only, or does not hold the rating",
            interval,
        ),
        Rule(
            "n_votes|count",
            pl.col("n_votes").is_null() | (pl.col("n_votes") >= 0),
            "a negative number of votes",
            pl.col("n_votes").cast(pl.String),
        ),
        _length_rule(["organization", "license_text"]),
    ]


def _price_rules() -> list[Rule]:
    prices = [pl.col("input_usd_per_mtok"), pl.col("output_usd_per_mtok")]
    return [
        Rule(
            "price|range",
            pl.all_horizontal(price.is_between(0, _MOST_USD_PER_MTOK) for price in prices),
            "a price of a million tokens below 0 or above 10,000 US dollars: another unit, or a wrong value",
            pl.concat_str([price.cast(pl.String) for price in prices], separator=" and "),
        ),
        Rule(
            "date|range",
            pl.col("priced_on").is_between(_EARLIEST, _LATEST),
            "a date before 2017 or after 2100",
            pl.col("priced_on").cast(pl.String),
        ),
    ]


def _length_rule(columns: list[str]) -> Rule:
    return Rule(
        "text|length",
        pl.all_horizontal(pl.col(c).is_null() | (pl.col(c).str.len_chars() <= 400) for c in columns),
        "a text of over 400 characters where a name or a licence belongs",
        pl.concat_str([pl.col(c) for c in columns], separator=" | ", ignore_nulls=True),
    )


def _split(frame: pl.DataFrame, rules: list[Rule], target: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    good = frame
    refused = []
    # Nearly every frame keeps all rules, which one look at it shows.
    if frame.select(pl.all_horizontal(rule.holds.fill_null(False).all() for rule in rules)).item():
        return frame, empty("quarantine")
    for rule in rules:
        marked = good.with_columns(rule.holds.fill_null(False).alias("__holds"))
        good = marked.filter(pl.col("__holds")).drop("__holds")
        bad = marked.filter(~pl.col("__holds"))
        if bad.height:
            refused.append(_refused(bad, rule, target))
    return good, pl.concat(refused) if refused else empty("quarantine")


def _refused(bad: pl.DataFrame, rule: Rule, target: str) -> pl.DataFrame:
    return refused_rows(bad, target, rule=rule.name, reason=rule.reason, text=rule.offending_text.fill_null("null"))
