"""How big a model is: what its name says, what its weights' headers say, and which of several statements is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

MOST_DISAGREEMENT_PCT = 10.0
_MOST_NAME = 300
_MOST_PARAMS = 10**14
_UNIT = {"m": 10**6, "b": 10**9, "t": 10**12}

# A number with its unit that no letter or digit touches: `7b` in `llama-7b-chat`, not in `4bit`, `m2m`, `e4b`, `v0.7b1x`.
_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)([mbt])(?![a-z0-9.])", re.ASCII)
_SIZE_SPLIT = re.compile(r"(?<![a-z0-9.])(\d{1,3})([b])(\d)(?![a-z0-9.])", re.ASCII)
_ACTIVE = re.compile(r"(?<![a-z0-9])a(\d{1,4}(?:\.\d{1,3})?)([mbt])(?![a-z0-9.])", re.ASCII)
_MIXTURE = re.compile(r"(?<![a-z0-9])\d{1,3}x\d{1,4}(?:\.\d{1,3})?[mb](?![a-z0-9])", re.ASCII)
# An underscore for the point, in names that otherwise part their words by hyphens: `stablelm-2-1_6b`, not `llama_2_7b`.
_UNDERSCORED = re.compile(r"(?<=-)(\d)_(\d{1,2})(?=b(?![a-z0-9]))", re.ASCII)
_RANGE = re.compile(r"\d[mb]-?(?:to|2)-?\d{1,4}(?:\.\d+)?[mb]", re.ASCII)


@dataclass(frozen=True)
class NameSize:
    """Sizes that a name states, as counts; null with a reason where it states none, or no single one."""

    params_total: int | None
    params_active: int | None
    reason: str | None


def parse_name(name: str) -> NameSize:
    """The size that a model's name states.

    `30B-A3B` states total and active; `7b1` is 7.1 billion. `8x7B` states experts, whose shared parts make the total
    less than the product: null. Two different sizes (`3b-to-70b`) are no size. Context lengths, bits and versions are not
    sizes, for a size stands alone between separators.
    """
    text = name.rsplit("/", 1)[-1].lower()[:_MOST_NAME]
    text = _UNDERSCORED.sub(r"\1.\2", text)
    text = re.sub(r"[_\s()\[\]+,]", "-", text)
    if _MIXTURE.search(text):
        return NameSize(None, None, "the name states experts (NxM), not a total")
    if _RANGE.search(text):
        return NameSize(None, None, "the name states a range of sizes")
    active = {_count(number, unit) for number, unit in _ACTIVE.findall(text)}
    sizes = {_count(number, unit) for number, unit in _SIZE.findall(text)}
    sizes |= {_count(f"{whole}.{part}", unit) for whole, unit, part in _SIZE_SPLIT.findall(text)}
    sizes.discard(0)
    if len(sizes) > 1:
        return NameSize(None, None, "the name states several sizes")
    if not sizes:
        return NameSize(None, None, "the name states no size")
    total = sizes.pop()
    used = active.pop() if len(active) == 1 else None
    return NameSize(total, used if used is not None and 0 < used < total else None, None)


def parse_names(names: pl.Series) -> pl.DataFrame:
    """parse_name of each distinct name: source_name, params_total, params_active, reason."""
    distinct = names.drop_nulls().unique().sort()
    sizes = [parse_name(name) for name in distinct]
    return pl.DataFrame(
        {
            "source_name": distinct,
            "params_total": [size.params_total for size in sizes],
            "params_active": [size.params_active for size in sizes],
            "reason": [size.reason for size in sizes],
        },
        schema={
            "source_name": pl.String,
            "params_total": pl.Int64,
            "params_active": pl.Int64,
            "reason": pl.String,
        },
    )


def safetensors_total(
    parameters: Mapping[str, int], total: int | None, *, is_quantized: bool
) -> tuple[int | None, str | None]:
    """Parameters by the headers of a repository's safetensors files: (count, reason why not or what is doubtful).

    The sum over dtypes is taken: `total` is at times a constant of the repository's own making
    (https://github.com/huggingface/huggingface_hub/issues/4221). Integers of a quantised model are packed, several
    weights in one, by rules of each tool's own: null.
    """
    counts = {dtype: count for dtype, count in parameters.items() if isinstance(count, int) and count > 0}
    summed = sum(counts.values())
    if not summed:
        return None, "the headers state no parameters"
    if summed > _MOST_PARAMS:
        return None, "the headers state more parameters than any model has"
    packed = sum(count for dtype, count in counts.items() if dtype in ("I32", "U32", "I8", "U8", "I64"))
    if is_quantized or packed > summed / 2:
        return None, "the weights are quantised and packed: their number is not that of the parameters"
    if total is not None and abs(total - summed) > 0.1 * summed:
        return summed, f"the headers' own total, {total}, is another"
    return summed, None


def choose(evidence: pl.DataFrame, methods: pl.DataFrame) -> pl.DataFrame:
    """Adds confidence, is_chosen, disagreement_pct and is_disagreeing to statements about sizes.

    `methods` is policy/parameter_methods.csv: method, rank, confidence. Of a model's statements of one kind the one of
    the best rank is chosen; within a method the count that most sources state, then the greatest, then the first source.
    """
    ladder = methods.select("method", pl.col("rank").cast(pl.Int32), pl.col("confidence").cast(pl.Float64))
    group = ["model_id", "kind"]
    ranked = (
        evidence.join(ladder, on="method", how="left", maintain_order="left")
        .with_columns(
            pl.len().over([*group, "method", "params"]).alias("n_saying"),
            # Packed weights of a quantised run must not speak where a plain one does.
            pl.col("reason").fill_null("").str.contains("packed").alias("is_doubtful"),
        )
        .sort(
            [*group, "rank", "is_doubtful", "n_saying", "params", "source_id", "source_name", "precision", "path"],
            descending=[False, False, False, False, True, True, False, False, False, False],
            nulls_last=True,
        )
        .with_row_index("place")
    )
    first = pl.col("place") == pl.col("place").filter(pl.col("params").is_not_null()).min().over(group)
    chosen = pl.col("params").filter(pl.col("is_chosen")).first().over(group)
    is_off = pl.col("disagreement_pct") > MOST_DISAGREEMENT_PCT
    # Whole billions say no more than that the size lies within one of them.
    is_cut = (pl.col("method") == "leaderboard_whole") & ((pl.col("params") - chosen).abs() <= 10**9)
    return (
        ranked.with_columns(first.fill_null(False).alias("is_chosen"))
        .with_columns((100.0 * (pl.col("params") - chosen).abs() / chosen).alias("disagreement_pct"))
        .with_columns((is_off & ~is_cut).fill_null(False).alias("is_disagreeing"))
        .drop("rank", "n_saying", "is_doubtful", "place")
    )


def _count(number: str, unit: str) -> int:
    return round(float(number) * _UNIT[unit])
