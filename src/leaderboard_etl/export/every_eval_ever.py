"""Our scores as records of Every Eval Ever, schema 0.3: one JSON file for each run of a model, in the layout of its datastore.

https://github.com/evaleval/every_eval_ever describes the schema. A record says what core says: the published value in its unit,
who measured it, under which protocol, and the commit, file and place that it came from.
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from leaderboard_etl.export.citing import LICENSES, licenses_page
from leaderboard_etl.export.manifest import MANIFEST, README, citations, dumped, manifest, state_day
from leaderboard_etl.export.snapshot import expect_our_code
from leaderboard_etl.printable import json_visible
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.target.opening import open_published

FORMAT = "every-eval-ever"
SCHEMA_VERSION = "0.3.0"
# What a record that came from Every Eval Ever has in equal words when it goes out again, and what it has lost.
KEPT_FIELDS = (
    "source_metadata.evaluator_relationship",
    "model_info.additional_details.model_availability",
    "evaluation_results[].score_details.score",
    "evaluation_results[].score_details.uncertainty.standard_error.value",
    "evaluation_results[].metric_config.min_score, max_score and lower_is_better",
    "evaluation_results[].source_data.url[0]",
    "evaluation_results[].evaluation_timestamp, as a day",
)
LOST_FIELDS = (
    "evaluation_name, dataset_name and metric_id: ours stand there, and the record's own name of the model is"
    " model_info.additional_details.source_name",
    "results of subtasks, of single questions, and of evaluations that policy leaves out; prices",
    "the arguments of generation but for setting, shots and chat template; the engine and platform of inference",
    "numbers of samples, deviations and intervals beside the standard error",
    "earlier statements of a score that a later record restates: core holds the newest",
)
# Ids come from this name and the key of a run or a score, so that they are the same in every export.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/evaleval/every_eval_ever#leaderboard-etl")
_KEY = ("source_id", "source_name", "precision", "has_chat_template", "run_id", "relationship")
_UNITS = {"fraction": "proportion", "percent": "percent", "points_10": "points"}
_AVAILABILITY = {"open_weights": "open_weights", "proprietary": "closed_weights"}
_NO_SETTING = "n/a"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

Row = Mapping[str, Any]


def make_records(warehouse: Warehouse, as_of: date | None, *, is_redistributable: bool = False) -> dict[str, bytes]:
    """The records, README.md, LICENSE-DATA.md and a manifest that describes all, by name. Raises what make_snapshot raises."""
    with closing(open_published(warehouse)) as con:
        expect_our_code(con, warehouse.database)
    with closing(open_published(warehouse, as_of=as_of)) as con:
        day = as_of or state_day(con)
        files = record_files(con, is_redistributable=is_redistributable)
        files[LICENSES] = licenses_page(citations(con), f"These are the sources of the state as of {day}.").encode(
            "utf-8"
        )
        files[README] = _readme(day, len(files) - 1).encode("utf-8")
        facts = {"format": FORMAT, **manifest(con, {}, files, day, (), is_redistributable)}
        return {**files, MANIFEST: dumped(facts)}


def record_files(con: duckdb.DuckDBPyConnection, *, is_redistributable: bool = False) -> dict[str, bytes]:
    """The records by path, each as JSON: the same state gives the same bytes. `is_redistributable` leaves out scores whose source
    states no licence to pass them on."""
    query = (resource("sql") / "formats" / "every_eval_ever.sql").read_text(encoding="utf-8")
    relation = con.sql(query, params={"is_redistributable": is_redistributable})
    names = relation.columns
    rows = (dict(zip(names, row, strict=True)) for row in relation.fetchall())
    return {
        path: json_visible(json.dumps(record, ensure_ascii=False)).encode() + b"\n" for path, record in _records(rows)
    }


def _readme(day: date, n_records: int) -> str:
    kept, lost = ("\n".join(f"- {line}" for line in lines) for lines in (KEPT_FIELDS, LOST_FIELDS))
    return f"""\
# Scores as records of Every Eval Ever

{n_records:,} records of schema {SCHEMA_VERSION} (https://github.com/evaleval/every_eval_ever): the scores that stood on {day},
one file for each run of a model. `evaluation_id` and `evaluation_result_id` are made from our keys and are the same in every
export. Each result names the commit, file and place that its score came from; `manifest.json` has the hash of every file, and
`{LICENSES}` says which values may be passed on.

A record that came from Every Eval Ever goes out with these fields equal:

{kept}

and without these:

{lost}
"""


def _records(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records and their paths, of rows in the order of _KEY."""
    for key, group in itertools.groupby(rows, lambda row: tuple(row[name] for name in _KEY)):
        scores = list(group)
        name = _id(*key)
        collection = _as_name(scores[0]["collection_id"] or scores[0]["source_id"])
        folders = [_as_name(part) for part in scores[0]["model_id"].split("/")]
        yield f"data/{collection}/{'/'.join(folders)}/{name}.json", _record(scores, name, collection)


def _record(scores: list[dict[str, Any]], name: str, collection: str) -> dict[str, Any]:
    first = scores[0]
    believed_at = max(score["believed_at"] for score in scores).replace(tzinfo=UTC)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{collection}/{_as_name(first['model_id'])}/{name}",
        "retrieved_timestamp": str(int(believed_at.timestamp())),
        "source_metadata": {
            "source_name": first["source_title"],
            # A leaderboard's own result files are runs; a table, a card or a collected record tells of them.
            "source_type": "documentation" if first["harness_version"] is None else "evaluation_run",
            "source_organization_name": first["repo_id"].partition("/")[0],
            "evaluator_relationship": first["relationship"],
            "additional_details": _texts(
                source_id=first["source_id"],
                collection_id=first["collection_id"],
                reported_by=first["reported_by"],
                run_id=first["run_id"],
                license=first["license_id"],
            ),
        },
        "eval_library": {
            "name": "unknown" if first["harness_version"] is None else "lm_eval",
            "version": first["harness_version"] or "unknown",
        },
        "model_info": {
            "name": first["display_name"],
            "id": first["model_id"],
            "developer": first["organization"] or "unknown",
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": _AVAILABILITY.get(first["openness"], "unknown"),
                **_texts(
                    source_name=first["source_name"],
                    precision=first["precision"],
                    release_date=first["released_on"],
                    params_total=first["params_total"],
                    params_active=first["params_active"],
                ),
            },
        },
        "evaluation_results": [_result(score, name) for score in scores],
    }


def _result(score: Row, run: str) -> dict[str, Any]:
    setting = None if score["setting"] == _NO_SETTING else score["setting"]
    result: dict[str, Any] = {
        "evaluation_result_id": _id(run, score["variant_id"], score["setting"]),
        "evaluation_name": score["evaluation"],
        "source_data": {
            "dataset_name": score["benchmark_id"],
            **(
                {"source_type": "url", "url": [score["source_url"]]}
                if score["source_url"]
                else {"source_type": "other"}
            ),
            "additional_details": _texts(
                repo_id=score["repo_id"],
                revision=score["revision"],
                path=score["path"],
                locator=score["locator"],
                blob_id=score["blob_id"],
            ),
        },
        **({"evaluation_timestamp": score["evaluated_on"].isoformat()} if score["evaluated_on"] else {}),
        "metric_config": {
            "evaluation_description": score["caveats"] or score["evaluation"],
            "metric_id": score["metric"],
            "metric_unit": _UNITS[score["score_unit"]],
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": score["least"],
            "max_score": score["most"],
            "additional_details": _texts(variant_id=score["variant_id"], comparable_group=score["comparable_group"]),
        },
        "score_details": {
            "score": score["score_raw"],
            "details": _texts(score_norm_pct=score["score_norm_pct"], is_corrected=score["is_corrected"] or None),
        },
        "generation_config": {
            "additional_details": _texts(
                n_shot=score["n_shot"],
                has_chat_template=score["has_chat_template"],
                reasoning_effort=setting,
                protocol=score["protocol"],
            )
        },
    }
    if score["stderr_raw"] is not None:
        # core holds it in percent; twelve digits are those that were published.
        result["score_details"]["uncertainty"] = {"standard_error": {"value": float(f"{score['stderr_raw']:.12g}")}}
    return result


def _texts(**details: object) -> dict[str, str]:
    """Details as the schema wants them, texts; what is null is left out."""
    return {name: _text(value) for name, value in details.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _id(*key: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, json.dumps([None if part is None else str(part) for part in key])))


def _as_name(text: str) -> str:
    """A text as the name of a file or folder."""
    return _UNSAFE.sub("_", text).strip(".") or "_"
