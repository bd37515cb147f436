"""The explorer: one page to search, filter and link to every score, claim and gap of a state, opened from a folder or the Hub.

The page is `explorer.html`; its program and its data are script files beside it, in `explorer/`, because a browser lets a page
that was opened from a folder read nothing else. The data are the answers of sql/explorer; the program only filters and formats.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from leaderboard_etl.export.explorer.columns import packed, script
from leaderboard_etl.settings import resource

PAGE = "explorer.html"
FOLDER = "explorer/"
SITE = f"{FOLDER}site.js"
_HERE = Path(__file__).parent
# In the order in which they need each other.
_PROGRAM = (
    "text",
    "data",
    "address",
    "page",
    "tables",
    "plot",
    "gap",
    "scatter",
    "models",
    "model",
    "claims",
    "report",
    "main",
)
_FORM = "/issues/new?template=wrong-value.yml"


def explorer(con: duckdb.DuckDBPyConnection, day: date, *, is_redistributable: bool = False) -> dict[str, bytes]:
    """The files of the explorer by name: the state of `con`, as of `day`. The same state gives the same bytes.

    With `is_redistributable` it has no score and no source's statement of a size without a stated licence to pass it on, no range
    of several scores, and no frontier with such a score; the sizes of models and the verdicts, computed from many, stay.
    """
    tables = _tables(con)
    scores, sizes = tables.pop("scores"), tables.pop("sizes")
    n_all = {"scores": scores.height, "sizes": sizes.height, "frontiers": tables["frontiers"].height}
    if is_redistributable:
        scores = scores.filter(pl.col("measure").struct.field("license_id").is_not_null()).with_columns(
            pl.lit(None, scores.schema[name]).alias(name) for name in ("lo_pct", "hi_pct")
        )
        sizes = sizes.filter(pl.col("license_id").is_not_null())
        tables |= _passed_on(tables)
    models, bases, claims = (tables.pop(name) for name in ("models", "bases", "claims"))
    places = pl.DataFrame(
        {"model_id": models["model_id"], "model": range(models.height)}, {"model_id": pl.String, "model": pl.Int64}
    )
    n_left = {"scores": scores.height, "sizes": sizes.height, "frontiers": tables["frontiers"].height}
    [(is_sample,)] = con.execute("select coalesce(bool_or(is_sample), false) from mart.figure_notes").fetchall()
    facts = {
        "as_of": day.isoformat(),
        "is_sample": is_sample,
        "n_models": models.height,
        "n_scores": scores.height,
        "n_left_out": {name: n_all[name] - n for name, n in n_left.items()},
    }
    files = {
        PAGE: (_HERE / "page.html").read_bytes(),
        f"{FOLDER}explorer.css": (_HERE / "style.css").read_bytes(),
        f"{FOLDER}explorer.js": _program(),
        SITE: site_file(issue_form()),
        f"{FOLDER}summary.js": script("summary", {"facts": facts, **{n: packed(t) for n, t in tables.items()}}),
        f"{FOLDER}claims.js": script("claims", {"claims": packed(claims)}),
        f"{FOLDER}models.js": script("models", {"models": packed(models)}),
    }
    for kind in sorted(models["population"].unique()):
        of_kind = {"scores": scores, "sizes": sizes, "bases": bases}
        rows = {name: _placed(table.filter(population=kind), places) for name, table in of_kind.items()}
        files[f"{FOLDER}scores_{kind}.js"] = script(
            f"scores_{kind}", {name: packed(table) for name, table in rows.items()}
        )
    return files


def is_of_explorer(name: str) -> bool:
    """Whether a file of a snapshot belongs to the explorer."""
    return name == PAGE or name.startswith(FOLDER)


def site_file(issue_form: str | None, discussions: str | None = None, embedded_by: str | None = None) -> bytes:
    """The script that tells the page where it stands. A wrong value is reported in `issue_form`, a form of GitHub; null: the page
    shows the text of a report, with a link to `discussions` of the Hub, if any. `embedded_by`: the Hub whose pages embed it."""
    told = {"issue_form": issue_form, "discussions": discussions, "embedded_by": embedded_by}
    return f"globalThis.explorerSite = {json.dumps(told)};\n".encode("ascii")


def _program() -> bytes:
    texts = [(_HERE / "script" / f"{name}.js").read_text(encoding="utf-8") for name in _PROGRAM]
    return ("(() => {\n'use strict';\n\n" + "\n".join(texts) + "})();\n").encode("utf-8")


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """The answers of sql/explorer by name, and the claims as the export has them."""
    files = {file.stem: file for file in sorted((resource("sql") / "explorer").glob("*.sql"))}
    files["claims"] = resource("sql") / "exports" / "claims.sql"
    return {name: con.sql(file.read_text(encoding="utf-8")).pl() for name, file in files.items()}


def _passed_on(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Frontiers and leads of the groups of which every step may be passed on."""
    series = ["population", "comparable_group"]
    steps = tables["frontiers"]
    kept = steps.group_by(series).agg(pl.col("license_id").is_not_null().all()).filter("license_id").select(series)
    return {
        name: tables[name].join(kept, on=series, how="semi", maintain_order="left") for name in ("frontiers", "leads")
    }


def _placed(table: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """A table with the row of models.js in place of the model's id."""
    placed = table.join(places, on="model_id", how="left", maintain_order="left")
    return placed.select("model", pl.exclude("model", "model_id", "population", "license_id"))


def issue_form() -> str | None:
    """The issue form of the project's repository; null: the package names no repository."""
    for line in importlib.metadata.metadata("leaderboard-etl").get_all("Project-URL") or []:
        label, _, address = line.partition(",")
        if label.strip().lower() == "repository":
            return f"{address.strip().rstrip('/')}{_FORM}"
    return None
