"""Epoch AI's own runs, from the tables that it publishes, as rows of policy/epoch_runs.csv, and their models.

A table named `*_external.csv` is what others measured and is not read. A model that an alias of `epoch` leads to and that nobody
curated gets a row of policy/reference_models.csv, if Epoch AI says whether its weights are open: often the cell is blank.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from leaderboard_etl.errors import UsageError
from leaderboard_etl.importers.dates import agrees_with_name
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.epoch import SOURCE_ID, TABLE

# How a row's note begins: another run finds the rows of the previous one by it.
MARK = "From Epoch AI's data on benchmarking"
PAGE = "https://epoch.ai/benchmarks"
INDEX = "epoch_capabilities_index.csv"
TABLES = {"gpqa_diamond.csv": "gpqa_diamond_epoch", "math_level_5.csv": "math_lvl5_epoch"}
_RUN_COLUMNS = (
    *("Model version", "mean_score", "stderr", "Release date", "Organization"),
    *("Log viewer", "Started at", "id"),
)
_INDEX_COLUMNS = ("Model version", "Model name", "Model accessibility")
_SETTING = re.compile(r"_(\d+K|none|minimal|low|medium|high|xhigh|max)$")
_OPENNESS = {"API access": "proprietary", "Hosted access (no API)": "proprietary"}
Row = dict[str, str | None]


@dataclass(frozen=True)
class Imported:
    """The tables after the import, how many rows of models come from Epoch AI, and what was left out and why, as text."""

    runs: pl.DataFrame
    models: pl.DataFrame
    review: pl.DataFrame
    n_models: int
    left_out: list[str]


def import_runs(files: Mapping[str, bytes], policy: Policy) -> Imported:
    """`files` are Epoch AI's tables by name: any of TABLES, and INDEX.

    Raises UsageError for a folder without them, and for a table with other columns.
    """
    tables = {name: _table(name, files[name], _RUN_COLUMNS) for name in TABLES if name in files}
    if not tables or INDEX not in files:
        raise UsageError(
            f"the folder is not Epoch AI's data on benchmarking: it lacks {INDEX} or {' and '.join(TABLES)}"
        )
    index = _table(INDEX, files[INDEX], _INDEX_COLUMNS)
    left_out: list[str] = []
    rows = [row for name, table in tables.items() for row in _runs(name, table, left_out)]
    runs = pl.DataFrame(rows, schema=dict.fromkeys(policy.text_frame(TABLE).columns, pl.String))
    models = policy.text_frame("reference_models")
    curated = models.filter(~pl.col("note").str.starts_with(MARK).fill_null(False))
    added = sorted(
        _models(pl.concat(tables.values()), index, curated, policy, left_out), key=lambda row: str(row["model_id"])
    )
    return Imported(
        runs.sort("variant_id", "source_name", "setting", "run_id"),
        pl.concat([curated, pl.DataFrame(added, schema=dict(models.schema))]),
        _reviewed(
            policy.text_frame("reference_review"), added, through=max(filter(None, runs["evaluated_on"]), default="?")
        ),
        len(added),
        left_out,
    )


def split_version(version: str) -> tuple[str, str | None]:
    """A model version as Epoch AI writes it: the model's name and the setting behind it (null if there is none)."""
    match = _SETTING.search(version)
    return (version[: match.start()], match[1]) if match else (version, None)


def _table(name: str, content: bytes, columns: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_csv(io.BytesIO(content), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} is not a CSV table: {str(error).splitlines()[0]}") from error
    if absent := [column for column in columns if column not in table.columns]:
        raise UsageError(f"{name} lacks the columns {', '.join(absent)}: it is not Epoch AI's, or its columns changed")
    return table.select(pl.col(columns).str.strip_chars().replace("", None))


def _runs(name: str, table: pl.DataFrame, left_out: list[str]) -> Iterator[Row]:
    for run in table.iter_rows(named=True):
        version, score = run["Model version"], run["mean_score"]
        if not (version and run["id"] and _is_fraction(score)):
            left_out.append(f"{name}: run {run['id']} of {version} does not have a score from 0 to 1: {score}")
            continue
        source_name, setting = split_version(version)
        yield {
            "run_id": run["id"],
            "variant_id": TABLES[name],
            "source_name": source_name,
            "setting": setting,
            "score_raw": score,
            "stderr_raw": run["stderr"] if _is_fraction(run["stderr"]) else None,
            "evaluated_on": _day(run["Started at"]),
            "source_url": run["Log viewer"] or PAGE,
        }


def _models(
    runs: pl.DataFrame, index: pl.DataFrame, curated: pl.DataFrame, policy: Policy, left_out: list[str]
) -> Iterator[Row]:
    aliases = {
        row["source_name"].lower(): row["model_id"]
        for row in policy.frame("model_aliases")
        .filter(pl.col("source_id").is_in(["*", SOURCE_ID]))
        .iter_rows(named=True)
    }
    curated_ids = {name.lower(): name for name in curated["model_id"]}
    curated_names = set(curated["display_name"])
    of_index_by_name: dict[str, list[Row]] = {}
    for row in index.iter_rows(named=True):
        of_index_by_name.setdefault(split_version(row["Model version"] or "")[0], []).append(row)
    by_model: dict[str, list[Row]] = {}
    for run in runs.sort("Model version").iter_rows(named=True):
        name, _ = split_version(run["Model version"] or "")
        model_id = aliases.get(name.lower()) or curated_ids.get(name.lower())
        if model_id is None:
            left_out.append(f"{name} does not lead to a model: add it to policy/model_aliases.csv")
        elif model_id.lower() not in curated_ids:
            by_model.setdefault(model_id, []).append({**run, "name": name})
    for model_id, its_runs in by_model.items():
        of_index = [row for run in its_runs for row in of_index_by_name.get(run["name"] or "", [])]
        if (new_row := _row(model_id, its_runs, of_index, curated_names, policy, left_out)) is not None:
            yield new_row
    left_out[:] = dict.fromkeys(left_out)


def _row(
    model_id: str,
    runs: list[Row],
    of_index: list[Row],
    curated_names: set[str],
    policy: Policy,
    left_out: list[str],
) -> Row | None:
    access = {row["Model accessibility"] for row in of_index if row["Model accessibility"]}
    openness = {"open_weights" if each.startswith("Open weights") else _OPENNESS.get(each) for each in access}
    if len(openness) != 1 or None in openness:
        left_out.append(
            f"{model_id}: Epoch AI does not say whether its weights are open: curate its row of reference_models"
        )
        return None
    [is_open] = [each == "open_weights" for each in openness]
    released_on, how = _release(model_id, runs, left_out)
    owner, _, tail = model_id.rpartition("/")
    name = next((row["Model name"] for row in of_index if row["Model name"] not in (None, *curated_names)), tail)
    owners = dict(policy.frame("official_organizations").select("hub_owner", "organization").iter_rows())
    return {
        "model_id": model_id,
        "display_name": tail if is_open else name,
        "organization": owners.get(owner) or (runs[0]["Organization"] or owner).partition(",")[0],
        "openness": "open_weights" if is_open else "proprietary",
        "license": None if is_open else "proprietary",
        "tuning": "instruct",
        "released_on": released_on,
        "released_on_url": released_on and PAGE,
        "note": f"{MARK}; {how}",
    }


def _reviewed(review: pl.DataFrame, added: list[Row], through: str) -> pl.DataFrame:
    """The review with a row for each added model that has none."""
    reviewed = set(review.filter(pl.col("table_name") == "reference_models")["model_id"])
    rows: list[Row] = [
        {
            "table_name": "reference_models",
            "model_id": row["model_id"],
            "outcome": "added",
            "seen_in": f"Epoch AI, runs through {through}, and its {INDEX}",
            "reason": row["note"],
        }
        for row in added
        if row["model_id"] not in reviewed
    ]
    return pl.concat([review, pl.DataFrame(rows, schema=dict(review.schema))])


def _release(model_id: str, runs: list[Row], left_out: list[str]) -> tuple[str | None, str]:
    days = sorted(day for run in runs if (day := _day(run["Release date"])))
    if not days:
        return None, "no date is stated there"
    agrees = [agrees_with_name(date.fromisoformat(days[0]), name) for name in (runs[0]["name"] or "", model_id)]
    if False in agrees:
        left_out.append(f"{model_id}: released on {days[0]}, but its name has another date")
        return None, f"its date {days[0]} is not what the name says"
    return days[0], "the name says the same date" if True in agrees else "its date alone"


def _day(text: str | None) -> str | None:
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None


def _is_fraction(text: str | None) -> bool:
    try:
        return 0 <= float(text or "") <= 1
    except ValueError:
        return False
