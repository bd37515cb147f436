"""Prices of tokens, from public lists of them, as rows of policy/prices.csv: for known providers and models.

A list says what a provider asks, not what a model is: a name leads to a model if an alias of `prices` says so, if it is the
model's id, if it ends as an id of the provider's own models does, or as the id of one model of open weights alone, which hosts
sell, and names no other owner. Case, dots and underscores decide nothing. All other lines are left out and counted.

A line may be of several models, as a list's own rule of names says: it is a price of each name besides its own that has an
alias. Without an alias such a name has none, for lists do not always say which snapshot cost more.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from leaderboard_etl.errors import UsageError
from leaderboard_etl.policy import Policy

ALIASES_OF = "prices"
# A model at Amazon: global.amazon.nova-2-lite-v1:0 is Amazon's nova-2-lite, in any region and version.
_AT_AMAZON = re.compile(
    r"(?:(?:global|regional|us|eu|apac|au|ca|jp)\.)?(?P<vendor>[a-z0-9]+)\.(?P<model>[a-z][^/]*?)(?:(?:-(?:v\d+|1))?:\d+)?"
)
Row = dict[str, str | None]


@dataclass(frozen=True)
class Price:
    """One line of a list: US dollars for a million tokens. `match` is the list's own rule for the names that the line is of, or
    None: its own name alone."""

    listed_as: str
    source_name: str
    input_usd: float
    output_usd: float
    path: str
    is_deprecated: bool
    match: Any = None


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
            model = tomllib.loads(content.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not TOML: {error}") from error
        cost = model.get("cost", {})
        if not isinstance(cost, dict):
            raise UsageError(f"{path} is not a file of models.dev: its cost is not a table")
        name = "/".join(parts[3:]).removesuffix(".toml")
        is_deprecated = model.get("status") == "deprecated"
        yield from _price(parts[1], name, cost.get("input"), cost.get("output"), path, is_deprecated)


def genai_prices(files: Mapping[str, bytes]) -> Iterator[Price]:
    """The lines of https://github.com/pydantic/genai-prices: prices/data.json. Of tiers by context length the first counts; a
    model whose price depends on the hour, or begins on a later day, has none. Prices copied from another list are not read."""
    path = "prices/data.json"
    try:
        providers = json.loads(files[path])
        for provider in providers:
            for model in provider["models"]:
                prices, comment = model["prices"], str(model.get("price_comments") or "")
                is_copied = any(said in comment.lower() for said in ("openrouter", "open router", "can't find"))
                if isinstance(prices, dict) and not is_copied:
                    asked_for_input, asked_for_output = (
                        _base(prices.get(f"{kind}_mtok")) for kind in ("input", "output")
                    )
                    is_deprecated = bool(model.get("deprecated"))
                    match = model.get("match")
                    yield from _price(
                        provider["id"], model["id"], asked_for_input, asked_for_output, path, is_deprecated, match
                    )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path} is not the list of genai-prices: {type(error).__name__}: {error}") from error


LISTS: Mapping[str, tuple[str, Callable[[Mapping[str, bytes]], Iterator[Price]]]] = {
    "models.dev": ("https://github.com/anomalyco/models.dev", models_dev),
    "genai-prices": ("https://github.com/pydantic/genai-prices", genai_prices),
}


def import_prices(
    name: str,
    files: Mapping[str, bytes],
    commit: str,
    priced_on: date,
    policy: Policy,
    models_elsewhere: Set[str] = frozenset(),
) -> Imported:
    """`name` is one of LISTS, `files` its repository at a commit of that day, by path; `models_elsewhere` are ids of models that
    policy may not speak of. Rows of other days and lists stay.

    Raises UsageError for files that are not that list.
    """
    address, lines_of = LISTS[name]
    providers = {
        row["listed_as"]: row
        for row in policy.frame("price_providers").iter_rows(named=True)
        if row["source_dataset"] == name
    }
    names = _Names(policy, models_elsewhere)
    lines = [price for price in lines_of(files) if price.listed_as in providers]
    line_by_name = {(price.listed_as, price.source_name.lower()): price for price in lines}
    rows: list[Row] = []
    left_out: list[str] = []
    for price in lines:
        provider = providers[price.listed_as]
        # Of a list's lines the first whose rule fits a name has it, unless another is called so.
        others = [
            alias
            for alias in names.aliases_of(provider["provider"])
            if price.match
            and _fits(price.match, alias.lower())
            and line_by_name.setdefault((price.listed_as, alias.lower()), price) is price
        ]
        name_by_model = names.by_model([price.source_name, *others], provider)
        if not name_by_model:
            left_out.append(f"{provider['provider']}/{price.source_name}")
        for model_id, source_name in name_by_model.items():
            is_vendor = names.is_vendors(model_id, provider["vendor_owner"])
            # When a vendor stopped is in policy/withdrawn_models; that a host did is nowhere else.
            if price.is_deprecated and not is_vendor:
                continue
            rows.append(
                {
                    "source_dataset": name,
                    "provider": provider["provider"],
                    "source_name": source_name,
                    "priced_on": priced_on.isoformat(),
                    "model_id": model_id,
                    "is_vendor": "true" if is_vendor else "false",
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


class _Names:
    """Which model a name of a list leads to, and whose it is."""

    def __init__(self, policy: Policy, models_elsewhere: Set[str]) -> None:
        curated = policy.frame("reference_models")
        aliases = policy.frame("model_aliases")
        self._id_by_name = _ids_by_name([*aliases["model_id"], *curated["model_id"], *sorted(models_elsewhere)])
        open_models = curated.filter(pl.col("openness") == "open_weights")["model_id"]
        self._id_by_ending = _ids_by_name(open_models, of=lambda model_id: _parts(model_id)[1])
        of_prices = aliases.filter(pl.col("source_id") == ALIASES_OF).sort("source_name")
        self._id_by_alias = dict(zip(of_prices["source_name"].str.to_lowercase(), of_prices["model_id"], strict=True))
        self._aliases: defaultdict[str, list[str]] = defaultdict(list)
        for asked in of_prices["source_name"]:
            provider, _, alias = asked.partition("/")
            self._aliases[provider].append(alias)
        owners = policy.frame("official_organizations").select("hub_owner", "organization").rows()
        self._organizations = dict(owners + curated.select("model_id", "organization").rows())

    def aliases_of(self, provider: str) -> Sequence[str]:
        """The names at a provider that have an alias, sorted."""
        return self._aliases[provider]

    def by_model(self, names: Iterable[str], provider: Mapping[str, str]) -> dict[str, str]:
        """The models that names lead to, each with the first that does."""
        found: dict[str, str] = {}
        for name in names:
            if model_id := self._model_of(name, provider):
                found.setdefault(model_id, name)
        return found

    def is_vendors(self, model_id: str, owner: str | None) -> bool:
        """Whether a model is one of an owner's own; an id may name no owner, as that of a model which is on no Hub."""
        if not owner or "/" in model_id:
            return bool(owner) and model_id.startswith(f"{owner}/")
        return model_id in self._organizations and self._organizations[model_id] == self._organizations.get(owner)

    def _model_of(self, name: str, provider: Mapping[str, str]) -> str | None:
        named_owner, ending = _parts(name)
        hosted = self._id_by_ending.get(_plain(ending))
        found = [
            self._id_by_alias.get(f"{provider['provider']}/{name}".lower()),
            self._id_by_alias.get(f"{provider['provider']}/{_without_version(name)}".lower()),
            self._id_by_name.get(_plain(name)),
            self._id_by_name.get(_plain(f"{provider['vendor_owner']}/{ending}")),
            hosted if hosted and hosted.lower().startswith(named_owner) else None,
        ]
        return next((model_id for model_id in found if model_id is not None), None)


def _ids_by_name(model_ids: Iterable[str], of: Callable[[str], str] = str) -> dict[str, str]:
    """The id of each plain name, as the first writes it; a name that several ids have in common is of none."""
    ids_by_name: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for model_id in model_ids:
        ids_by_name[_plain(of(model_id))].setdefault(model_id.lower(), model_id)
    return {name: next(iter(ids.values())) for name, ids in ids_by_name.items() if len(ids) == 1}


def _plain(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


def _without_version(name: str) -> str:
    """A name at Amazon without region and version; another as it is."""
    at_amazon = _AT_AMAZON.fullmatch(name)
    return f"{at_amazon['vendor']}.{at_amazon['model']}" if at_amazon else name


def _parts(name: str) -> tuple[str, str]:
    """The owner that a name states, in lower case, or an empty one, and what is left of it without region and version."""
    if at_amazon := _AT_AMAZON.fullmatch(name):
        return at_amazon["vendor"], at_amazon["model"]
    owner, _, ending = name.rpartition("/")
    return owner.rpartition("/")[2].lower(), ending


def _base(price: Any) -> Any:
    return price.get("base") if isinstance(price, dict) else price


def _fits(rule: Any, name: str) -> bool:
    """Whether a rule of genai-prices is of a name in lower case.

    Raises UsageError for a rule of no known kind, or no pattern.
    """
    match rule:
        case {"or": [*rules]}:
            return any(_fits(part, name) for part in rules)
        case {"and": [*rules]}:
            return all(_fits(part, name) for part in rules)
        case {"equals": str(text)}:
            return name == text.lower()
        case {"starts_with": str(text)}:
            return name.startswith(text.lower())
        case {"ends_with": str(text)}:
            return name.endswith(text.lower())
        case {"contains": str(text)}:
            return text.lower() in name
        case {"regex": str(text)}:
            try:
                return re.search(text, name, re.IGNORECASE) is not None
            except re.error as error:
                raise UsageError(
                    f"a line of genai-prices has a match that is no pattern: {text!r} ({error})"
                ) from error
        case _:
            raise UsageError(
                f"a line of genai-prices has a match of no known kind: {rule}; read it in importers/prices.py"
            )


def _price(
    listed_as: str,
    name: str,
    asked_for_input: Any,
    asked_for_output: Any,
    path: str,
    is_deprecated: bool,
    match: Any = None,
) -> Iterator[Price]:
    """A line with both prices; a model that is free has none."""
    both = (asked_for_input, asked_for_output)
    if all(isinstance(usd, int | float) and not isinstance(usd, bool) and usd >= 0 for usd in both) and any(both):
        yield Price(listed_as, name, float(asked_for_input), float(asked_for_output), path, is_deprecated, match)
