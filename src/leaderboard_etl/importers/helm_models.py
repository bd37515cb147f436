"""Openness, size and date of the models that HELM ran, from its model_metadata.yaml, as rows of policy/reference_models.csv.

A model gets a row if an alias of `every_eval_ever` leads one of HELM's names to it and neither a curated row nor another
source has it. HELM has errors: dates a year early (Kimi-K2, Mistral Large of February 2024), another model's size (Phi-2 as
13B). So a date must agree with a date in the model's name, and a size with the size in the name; anything else is left out.
The weights of a proprietary model cannot be counted: its size counts only where HELM's name of the model states the same, as
in Palmyra X (43B); others are estimates (GPT-3.5 by the size of GPT-3).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import yaml

from leaderboard_etl.errors import UsageError
from leaderboard_etl.importers.dates import agrees_with_name
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.every_eval_ever.collections import SOURCE_ID

# How a row's note begins: another run finds the rows of the previous one by it.
MARK = "From HELM's model metadata"
_LINK = "https://github.com/stanford-crfm/helm/blob/{release}/src/helm/config/model_metadata.yaml"
_OPENNESS = {"open": "open_weights", "limited": "proprietary", "closed": "proprietary"}
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(\d{1,4}(?:\.\d{1,3})?) ?([bBmM])(?![A-Za-z])")
_MOST_OFF = 0.15


@dataclass(frozen=True)
class Imported:
    """The whole table after the import, and what was left out of HELM's statements, as text."""

    table: pl.DataFrame
    n_rows: int
    left_out: list[str]


def import_models(content: bytes, release: str, policy: Policy, models_elsewhere: Collection[str]) -> Imported:
    """`release` is the tag of HELM's release; `models_elsewhere` are the models that other sources have, in lower case.

    Raises UsageError for a file that is not HELM's model metadata.
    """
    models = _models(content)
    table = policy.text_frame("reference_models")
    is_imported = pl.col("note").str.starts_with(MARK).fill_null(False)
    curated, imported_before = table.filter(~is_imported), table.filter(is_imported)
    # What was imported before is known elsewhere by now, for example by its scores: it stays.
    ids_elsewhere = {name.lower() for name in models_elsewhere} - {name.lower() for name in imported_before["model_id"]}
    ids_elsewhere |= {name.lower() for name in curated["model_id"]}
    rows: dict[str, dict[str, str | None]] = {}
    left_out: list[str] = []
    for model_id, entry in _wanted(models, policy):
        if model_id.lower() not in ids_elsewhere and model_id not in rows:
            rows[model_id] = _row(model_id, entry, _LINK.format(release=release), left_out)
    added = pl.DataFrame(list(rows.values()), schema=dict(table.schema))
    return Imported(pl.concat([curated, added.sort("model_id")]), len(rows), left_out)


def _models(content: bytes) -> list[Mapping[str, Any]]:
    try:
        loaded = yaml.load(content, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the file cannot be read as YAML: {str(error).splitlines()[0]}") from error
    models = loaded.get("models") if isinstance(loaded, dict) else None
    if not isinstance(models, list) or not all(isinstance(m, dict) and {"name", "access"} <= m.keys() for m in models):
        raise UsageError("the file is not HELM's model metadata: no list `models` of entries with name and access")
    return models


def _wanted(models: Iterable[Mapping[str, Any]], policy: Policy) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Each alias of Every Eval Ever that is one of HELM's names: the model that it leads to, and HELM's entry."""
    entries: dict[str, Mapping[str, Any]] = {}
    for model in models:
        entries.setdefault(_bare(str(model.get("display_name", ""))), model)
    entries |= {model["name"].lower(): model for model in models}
    aliases = policy.frame("model_aliases").filter(pl.col("source_id") == SOURCE_ID).sort("model_id")
    for name, model_id in aliases.select("source_name", "model_id").iter_rows():
        entry = (
            entries.get(name.lower()) or entries.get(_bare(name.rpartition("/")[2])) or entries.get(model_id.lower())
        )
        if entry is not None:
            yield model_id, entry


def _bare(display_name: str) -> str:
    """A display name in the form of HELM Classic's ids: without brackets, with hyphens for blanks."""
    return re.sub(r"[()]", "", display_name).strip().replace(" ", "-").lower()


def _row(model_id: str, entry: Mapping[str, Any], link: str, left_out: list[str]) -> dict[str, str | None]:
    openness = _OPENNESS.get(str(entry["access"]), "proprietary")
    released_on, how = _release(model_id, entry, left_out)
    params = _params(model_id, entry, left_out)
    name = str(entry.get("display_name") or model_id)
    is_tuned = "INSTRUCTION_FOLLOWING_MODEL_TAG" in entry.get("tags", [])
    return {
        "model_id": model_id,
        "display_name": name,
        "organization": str(entry.get("creator_organization_name") or model_id.partition("/")[0]),
        "family": None,
        "openness": openness,
        "license": "proprietary" if openness == "proprietary" else None,
        "tuning": "instruct" if is_tuned else "base" if openness == "open_weights" else "other",
        "released_on": released_on,
        "released_on_url": link if released_on else None,
        "params_total": params,
        "params_active": None,
        "params_url": link if params else None,
        "training_tokens": None,
        "training_tokens_url": None,
        "note": f"{MARK}; {how}",
    }


def _release(model_id: str, entry: Mapping[str, Any], left_out: list[str]) -> tuple[str | None, str]:
    try:
        # A few entries call it `release`.
        day = date.fromisoformat(str(entry.get("release_date") or entry.get("release")))
    except ValueError:
        return None, "no date is stated there"
    if (day.month, day.day) == (1, 1):
        left_out.append(f"{model_id}: released on {day}, which means a year without a day")
        return None, f"it tells the year {day.year} alone"
    agrees = [agrees_with_name(day, name) for name in (str(entry["name"]), model_id)]
    if False in agrees:
        left_out.append(f"{model_id}: released on {day}, but its name has another date")
        return None, f"its date {day} is not what the name says"
    return (
        day.isoformat(),
        "the name says the same date" if True in agrees else "its date alone, no other source at hand",
    )


def _params(model_id: str, entry: Mapping[str, Any], left_out: list[str]) -> str | None:
    """The size that HELM states, unless the name has another; of a model that is not open, only where the name has the same."""
    params = str(entry.get("num_parameters") or "")
    if not params.isdigit() or params == "0":
        return None
    names = f"{entry['name']} {model_id} {_bare(str(entry.get('display_name', '')))}"
    sizes_in_name = _SIZE.findall(names.replace("/", " ").replace("-", " "))
    if not sizes_in_name and entry["access"] != "open":
        left_out.append(
            f"{model_id}: {int(params) / 1e9:g} billion parameters, but it is not open, and no name says so"
        )
        return None
    said = [float(number) * (1e9 if unit in "bB" else 1e6) for number, unit in sizes_in_name]
    if said and all(abs(int(params) / size - 1) > _MOST_OFF for size in said):
        left_out.append(f"{model_id}: {int(params) / 1e9:g} billion parameters, but its name has another size")
        return None
    return params
