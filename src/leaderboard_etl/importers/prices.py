"""Prices of tokens, from public lists of them, as rows of policy/prices.csv: for known providers and models.

A list says what a provider asks, not what a model is: a name leads to a model if it is the model's id, or its last part under
the owner of the provider's own models, or if an alias of `prices` says so; all other lines are left out and counted.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from leaderboard_etl.errors import UsageError
from leaderboard_etl.policy import Policy

ALIASES_OF = "prices"
Row = dict[str, str | None]


@dataclass(frozen=True)
class Price:
    """One line of a list: US dollars for a million tokens."""

    listed_as: str
    source_name: str
    input_usd: float
    output_usd: float
    path: str


@dataclass(frozen=True)
class Imported:
    """The table after the import, how many of its rows come from this edition, and lines of known providers without a model."""

    table: pl.DataFrame
    n_rows: int
    left_out: list[str]


def models_dev(files: Mapping[str, bytes]) -> Iterator[Price]:
    """The lines of https://github.com/anomalyco/models.dev: one TOML file per model at providers/PROVIDER/models/NAME.toml."""
    for path, content in sorted(files.items()):
        parts = path.split("/")
        if len(parts) < 4 or parts[0] != "providers" or parts[2] != "models" or not path.endswith(".toml"):
            continue
        try:
            cost = tomllib.loads(content.decode("utf-8")).get("cost", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not TOML: {error}") from error
        if not isinstance(cost, dict):
            raise UsageError(f"{path} is not a file of models.dev: its cost is not a table")
        yield from _price(
            parts[1], "/".join(parts[3:]).removesuffix(".toml"), cost.get("input"), cost.get("output"), path
        )


def genai_prices(files: Mapping[str, bytes]) -> Iterator[Price]:
    """The lines of https://github.com/pydantic/genai-prices: prices/data.json. Of tiers by context length the first counts; a
    model whose price depends on the hour, or begins on a later day, has none. Prices copied from another list are not read."""
    path = "prices/data.json"
    try:
        providers = json.loads(files[path])
        for provider in providers:
            for model in provider["models"]:
                prices, comment = model["prices"], str(model.get("price_comments") or "")
                if isinstance(prices, dict) and "OpenRouter" not in comment and "can't find" not in comment:
                    asked_for_input, asked_for_output = (
                        _base(prices.get(f"{kind}_mtok")) for kind in ("input", "output")
                    )
                    yield from _price(provider["id"], model["id"], asked_for_input, asked_for_output, path)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path} is not the list of genai-prices: {type(error).__name__}: {error}") from error


LISTS: Mapping[str, tuple[str, Callable[[Mapping[str, bytes]], Iterator[Price]]]] = {
    "models.dev": ("https://github.com/anomalyco/models.dev", models_dev),
    "genai-prices": ("https://github.com/pydantic/genai-prices", genai_prices),
}


def import_prices(name: str, files: Mapping[str, bytes], commit: str, priced_on: date, policy: Policy) -> Imported:
    """`name` is one of LISTS, `files` its repository at a commit of that day, by path. Rows of other days and lists stay.

    Raises UsageError for files that are not that list.
    """
    address, lines_of = LISTS[name]
    providers = {
        row["listed_as"]: row
        for row in policy.frame("price_providers").iter_rows(named=True)
        if row["source_dataset"] == name
    }
    id_by_name = {model_id.lower(): model_id for model_id in _model_ids(policy)}
    aliases = policy.frame("model_aliases").filter(pl.col("source_id") == ALIASES_OF)
    id_by_alias = {row["source_name"].lower(): row["model_id"] for row in aliases.iter_rows(named=True)}
    rows: list[Row] = []
    left_out: list[str] = []
    for price in lines_of(files):
        if (provider := providers.get(price.listed_as)) is None:
            continue
        asked = f"{provider['provider']}/{price.source_name}"
        owner = provider["vendor_owner"]
        model_id = (
            id_by_alias.get(asked.lower())
            or id_by_name.get(price.source_name.lower())
            or (id_by_name.get(f"{owner}/{price.source_name}".lower()) if owner else None)
        )
        if model_id is None:
            left_out.append(asked)
            continue
        rows.append(
            {
                "source_dataset": name,
                "provider": provider["provider"],
                "source_name": price.source_name,
                "priced_on": priced_on.isoformat(),
                "model_id": model_id,
                "is_vendor": "true" if owner and model_id.startswith(f"{owner}/") else "false",
                "input_usd_per_mtok": f"{price.input_usd:g}",
                "output_usd_per_mtok": f"{price.output_usd:g}",
                "source_url": f"{address}/blob/{commit}/{price.path}",
            }
        )
    if not rows:
        raise UsageError(f"no price of a known provider and model: are these the files of {name}?")
    table = policy.text_frame("prices")
    is_again = (pl.col("source_dataset") == name) & (pl.col("priced_on") == priced_on.isoformat())
    added = pl.DataFrame(rows, schema=dict(table.schema))
    whole = pl.concat([table.filter(~is_again), added]).sort("source_dataset", "provider", "source_name", "priced_on")
    return Imported(whole, len(rows), sorted(left_out, key=str.lower))


def _model_ids(policy: Policy) -> Iterator[str]:
    """The models in policy: curated ones, and those that aliases lead to."""
    yield from policy.frame("model_aliases")["model_id"]
    yield from policy.frame("reference_models")["model_id"]


def _base(price: Any) -> Any:
    return price.get("base") if isinstance(price, dict) else price


def _price(listed_as: str, name: str, asked_for_input: Any, asked_for_output: Any, path: str) -> Iterator[Price]:
    """A line with both prices; a model that is free has none."""
    both = (asked_for_input, asked_for_output)
    if all(isinstance(usd, int | float) and not isinstance(usd, bool) and usd >= 0 for usd in both) and any(both):
        yield Price(listed_as, name, float(asked_for_input), float(asked_for_output), path)
