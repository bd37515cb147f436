"""The number of parameters by the index of a model's weight shards (`model.safetensors.index.json` and the like).

Its metadata gives bytes (https://huggingface.co/docs/transformers/big_models), so the number depends on the dtype of the
stored weights, which config.json names. Some writers add the number itself, in which weights that two layers share may
count twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leaderboard_etl.sources.shared.values import mapping

INDEX_PATHS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_BYTES = {"float64": 8, "float32": 4, "float": 4, "float16": 2, "half": 2, "bfloat16": 2}
_MOST_APART = 0.01


def stored_dtype(config: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(dtype of the stored weights by config.json, why it is null)."""
    inner = mapping(config.get("text_config"))
    if config.get("quantization_config") or inner.get("quantization_config"):
        return None, "the weights are quantised: the tool packs their bytes in its own way"
    named = next((scope[key] for scope in (config, inner) for key in ("torch_dtype", "dtype") if scope.get(key)), None)
    dtype = str(named).removeprefix("torch.")
    if named is None:
        return None, "config.json names no dtype"
    return (dtype, None) if dtype in _BYTES else (None, f"the number of bytes is not known for dtype {dtype[:40]!r}")


def index_parameters(index: Mapping[str, Any], config: Mapping[str, Any] | None) -> tuple[int | None, str | None]:
    """(parameters, reason why not or what is doubtful); `config` is the repository's config.json (null: none).

    total_size over the bytes of the dtype; if one of the two is missing, the `total_parameters` of the index.
    """
    metadata = mapping(index.get("metadata"))
    size, own_count = _count(metadata.get("total_size")), _count(metadata.get("total_parameters"))
    dtype, reason = (None, "there is no config.json that names the dtype") if config is None else stored_dtype(config)
    if size is None:
        reason = "the index states no total_size"
    elif dtype is not None:
        params = size // _BYTES[dtype]
        if own_count is not None and abs(own_count - params) > _MOST_APART * params:
            return params, f"the index's own total_parameters, {own_count}, differs"
        return params, None
    return own_count, None if own_count is not None else reason


def _count(value: object) -> int | None:
    """A positive count, written as a number or as digits."""
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,15}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and 0 < value < 1e16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**16 else None
