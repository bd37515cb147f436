"""Tables as short JSON: each column is written in a form that takes few characters, and script/data.js reads it.

Forms of a column: a list of its values; `of` with `at`, its different values and for each row which of them; `forms` with `form`
and `part`, texts that differ in one date or whole number; `table` with `at`, the different rows of a group of columns and for
each row which of them. Whole numbers are `runs`, each with how often it is repeated, or `digits`, each as `width` digits of
base 64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.export.tables import number

_DIGITS = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_", dtype=np.uint8)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_NUMBER = re.compile(r"(?<![0-9])(?:0|[1-9][0-9]{0,8})(?![0-9])")
# Below this many different texts their forms save nothing.
_MANY = 100


def packed(frame: pl.DataFrame) -> dict[str, Any]:
    """A table as `rows`, how many it has, and `columns` by name. Percentages have two decimals, as in the CSV files; all other
    values are as they are, dates in ISO 8601."""
    return {"rows": frame.height, "columns": {name: _packed_column(frame[name]) for name in frame.columns}}


def script(name: str, tables: Mapping[str, Any]) -> bytes:
    """A script file that gives `tables` to the page under a name; a page opened from a folder may read no other files."""
    text = json.dumps(tables, separators=(",", ":"), default=_day)
    return f"(globalThis.explorerData ??= {{}})[{json.dumps(name)}] = {text};\n".encode("ascii")


def _packed_column(column: pl.Series) -> Any:
    if isinstance(column.dtype, pl.Struct):
        different, at = _coded([tuple(row.values()) for row in column.to_list()])
        schema = {field.name: field.dtype for field in column.dtype.fields}
        return {"table": packed(pl.DataFrame(different, schema=schema, orient="row")), "at": _whole(at)}
    values = column.to_list()
    if column.dtype == pl.Float64:
        values = _numbers(column.name, values)
    if column.dtype.is_integer() and all(value is not None and value >= 0 for value in values):
        return _whole(values)
    return _by_value(values)


def _by_value(values: list[Any]) -> Any:
    different, at = _coded(values)
    if len(different) > _MANY and all(isinstance(value, str | None) for value in different):
        forms = _by_form(different, at)
        if forms is not None:
            return forms
    return _by_place(different, at)


def _by_place(different: list[Any], at: list[int]) -> Any:
    if len(different) > len(at) / 2:
        return [different[place] for place in at]
    return {"of": different, "at": _whole(at)}


def _by_form(different: list[str | None], at: list[int]) -> Any | None:
    """Texts by their forms, with the first date or whole number of each apart; null if that does not make them few."""
    split = [None if text is None else _DATE.search(text) or _NUMBER.search(text) for text in different]
    places = [
        (text, None) if found is None or text is None else (text[: found.start()], text[found.end() :])
        for text, found in zip(different, split, strict=True)
    ]
    forms, form_at = _coded(places)
    if len(forms) > len(different) / 2:
        return None
    parts = ["" if found is None else found[0] for found in split]
    told = [parts[place] for place in at]
    are_whole = all(part.isdecimal() or not part for part in parts)
    return {
        "forms": forms,
        "form": _whole([form_at[place] for place in at]),
        "part": _whole([int(part or 0) for part in told]) if are_whole else _by_place(*_coded(told)),
    }


def _coded(values: list[Any]) -> tuple[list[Any], list[int]]:
    """The different values in the order in which they come first, and for each value which of them it is."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return [*places], [places[value] for value in values]


def _whole(values: list[int]) -> Any:
    """Whole numbers from 0 on: `runs` or `digits`, whichever is shorter."""
    numbers = np.array(values, dtype=np.int64)
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])) if values else np.array([], dtype=np.int64)
    n_runs = len(starts)
    width = max(1, -(-int(numbers.max(initial=0)).bit_length() // 6))
    # A run takes four characters or more.
    if 4 * n_runs <= width * len(values) or not values:
        lengths = np.diff(np.append(starts, len(values)))
        runs = np.column_stack((numbers[starts], lengths)).ravel().tolist()
        if len(json.dumps(runs, separators=(",", ":"))) <= width * len(values) + 2 or not values:
            return {"runs": runs}
    places = numbers[:, None] >> np.arange(6 * (width - 1), -1, -6) & 63
    return {"digits": _DIGITS[places].tobytes().decode("ascii"), "width": width}


def _numbers(name: str, values: list[float | None]) -> list[float | int | None]:
    different = {value: None if value is None else _short(name, value) for value in set(values)}
    return [different[value] for value in values]


def _short(name: str, value: float) -> float | int:
    rounded = float(number("score_pct", value)) if name.endswith("_pct") else value
    return int(rounded) if rounded.is_integer() else rounded


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no form in JSON")
