"""The size of a model by its name, and by the headers of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

_MOST_NAME = 300
_MOST_PARAMS = 10**14
_UNIT = {"m": 10**6, "b": 10**9, "t": 10**12}
_INTEGERS = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"})

# A number with its unit that no letter or digit touches: `7b` in `llama-7b-chat`, not in `4bit`, `m2m`, `e4b`, `v0.7b1x`;
# or one that ends a word: `opt125m`, `Mistral7B`.
_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)([mb])(?![a-z0-9.])", re.ASCII)
_SIZE_OF_WORD = re.compile(r"(?<=[a-z]{3})(?<!from)(\d{1,3}(?:\.\d)?)([mb])(?![a-z0-9.])", re.ASCII)
_SIZE_SPLIT = re.compile(r"(?<![a-z0-9.])(\d{1,3})([b])(\d)(?![a-z0-9.])", re.ASCII)
# Trillions of parameters only where active ones follow: alone they are tokens (`TinyLlama-1.1B-…-3T`).
_TRILLIONS = re.compile(r"(?<![a-z0-9.])(\d{1,2}(?:\.\d{1,3})?)(t)(?=-a\d)", re.ASCII)
_ACTIVE = re.compile(r"(?<![a-z0-9])a(\d{1,4}(?:\.\d{1,3})?)([mb])(?![a-z0-9.])", re.ASCII)
_MIXTURE = re.compile(
    r"\d{1,3}x\d{1,4}(?:\.\d{1,3})?[mb](?![a-z0-9])|\d[mb]-?x\d|\d[mb]-\d{1,3}e(?![a-z0-9]|-\d)", re.ASCII
)
# An underscore that means a point, if it is the only one in the name: `stablelm-2-1_6b`, not `llama_2_7b` or `llama-3_8b`.
_UNDERSCORED = re.compile(
    r"^([^_]*-)(?<!llama-)(?<!gemma-)(?<!qwen-)(?<!phi-)(\d)_(\d{1,2}b(?![a-z0-9])[^_]*)$|(?<=-)([01])_(\d{1,2}b)(?=-|$)",
    re.ASCII,
)
_SEPARATOR = re.compile(r"[_\s()\[\]+,]")
_RANGE = re.compile(r"\d[mb](?:-?to-?|2|-2-)\d{1,4}(?:\.\d+)?[mb]", re.ASCII)
_TOKENS = re.compile(r"tokens?-\d+b|\d+b-tokens(?![a-z])|step-\d+k-\d+b", re.ASCII)
# Millions of tokens of context or of examples, not of parameters: `Qwen2.5-7B-Instruct-1M`.
_MOST_CONTEXT = 10**7
# Words in names that state the size of what the model was made from, and what was then done to it.
_RESIZED = re.compile(
    r"passthrough|franken|self-?merge|upscal|prun|brainstorm|stacked|(?<![a-z])(?:dus|moe)(?![a-z])|moerge|mixtral",
    re.ASCII,
)
# A size beside the word is that of the whole mixture, unless it may be that of one expert (`deepseek-moe-16b`, not `7b-MOE`).
_BESIDE_MOE = re.compile(r"(?<=[0-9]b-)moe(?![a-z])|(?<![a-z])moe(?=-\d+(?:\.\d+)?b(?![a-z0-9]))", re.ASCII)
_MOST_EXPERT = 10**10
NO_SIZE_IN_NAME = "the name states no size"


@dataclass(frozen=True)
class NameSize:
    """The sizes that a name states, as counts. The total is null with a reason if the name states none, or several."""

    params_total: int | None
    params_active: int | None
    reason: str | None


@lru_cache(1 << 15)  # each name is asked for twice: alone, and after names were joined
def parse_name(name: str) -> NameSize:
    """The size that a model's name states.

    `30B-A3B` states total and active, `MoE-A2.7B` active alone; `7b1` is 7.1 billion. `8x7B` states experts, whose shared
    parts make the total less than the product: null. Two different sizes (`3b-to-70b`) give none, nor does the size of a model
    that was pruned, stacked or made one of several experts. Context lengths, bits, versions and trillions of training tokens
    are not sizes, because a size is alone between separators or ends a word.
    """
    text = name.rsplit("/", 1)[-1].lower()[:_MOST_NAME]
    text = _UNDERSCORED.sub(r"\1\2\4.\3\5", text) if "_" in text else text
    text = _SEPARATOR.sub("-", text)
    text = _TOKENS.sub("", text)
    if _MIXTURE.search(text):
        return NameSize(None, None, "the name states experts (NxM), not a total")
    if _RANGE.search(text):
        return NameSize(None, None, "the name states a range of sizes")
    active = {_count(number, unit) for number, unit in _ACTIVE.findall(text)}
    sizes = {_count(number, unit) for number, unit in _SIZE.findall(text)}
    sizes |= {_count(number, unit) for number, unit in _SIZE_OF_WORD.findall(text)}
    sizes |= {_count(f"{whole}.{part}", unit) for whole, unit, part in _SIZE_SPLIT.findall(text)}
    sizes |= {_count(number, unit) for number, unit in _TRILLIONS.findall(text)}
    sizes.discard(0)
    plausible = {size for size in sizes if size > _MOST_CONTEXT}
    if len(plausible) > 1:
        return NameSize(None, None, "the name states several sizes")
    used = active.pop() if len(active) == 1 else None
    if not plausible:
        if used:
            return NameSize(None, used, "the name states active parameters and no total")
        only_millions = "the name states only millions, perhaps of context or data"
        return NameSize(None, None, only_millions if sizes else NO_SIZE_IN_NAME)
    total = plausible.pop()
    used = used if used is not None and 0 < used < total else None
    if used is None and _RESIZED.search(_BESIDE_MOE.sub("", text) if total > _MOST_EXPERT and "moe" in text else text):
        return NameSize(None, None, "the name states the size of what the model was stacked, pruned or mixed from")
    return NameSize(total, used, None)


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


def safetensors_total(parameters: Mapping[str, int], total: int | None) -> tuple[int | None, str | None]:
    """Parameters by the headers of a repository's safetensors files: (count, reason why not or what is doubtful).

    The sum over dtypes counts: `total` is sometimes a constant that the repository invented
    (https://github.com/huggingface/huggingface_hub/issues/4221). Integers are packed, several weights in one, in each tool's
    own way: null. The headers alone decide: tags also name the format of the base and of other files. A tool that packs in a
    float dtype is rare; evidence.py finds it, because it compares the count with config.json and with the base.
    """
    counts = {dtype: count for dtype, count in parameters.items() if isinstance(count, int) and count > 0}
    summed = sum(counts.values())
    if not summed:
        return None, "the headers state no parameters"
    if summed > _MOST_PARAMS:
        return None, "the headers state more parameters than any model has"
    # Buffers of positions and masks are integers too, but few.
    packed = sum(count for dtype, count in counts.items() if dtype in _INTEGERS)
    if packed > summed / 100:
        return None, "the weights are quantised and packed: their number is not that of the parameters"
    if total is not None and abs(total - summed) > 0.1 * summed:
        return summed, f"the headers' own total, {total}, differs"
    return summed, None


def _count(number: str, unit: str) -> int:
    return round(float(number) * _UNIT[unit])
