"""Sizes of models: read from names, and computed from a config.json."""

from __future__ import annotations


def size_method(method: str) -> str:
    """How a size is known, in words for people: one that policy sets names the file that does."""
    return "set in policy/parameter_overrides.csv" if method == "override" else method


def in_words(column: str, value: object) -> object:
    """A value of a model's column as people read it: how its size is known by size_method, any other as it is."""
    return size_method(value) if column == "params_method" and isinstance(value, str) else value
