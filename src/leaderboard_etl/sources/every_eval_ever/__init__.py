"""Every Eval Ever: results of many leaderboards in one schema, one record per model, collected in one dataset.

policy/eee_collections.csv says which collections are read, policy/eee_evaluations.csv what each of their evaluations is. The
collection `hfopenllm_v2` is only compared with the leaderboard's own table. A record that an adapter uploads again each day is
one statement: see newest.py. The fixture holds records of the project's public history (MIT), with the results that matter here.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, RefusedError, SourceFile, parsed_frame, parsed_schema, refusals
from leaderboard_etl.sources.description import Folders, Source, Trust, Work
from leaderboard_etl.sources.every_eval_ever.collections import (
    ROOT,
    SECOND_LAYOUT,
    SOURCE_ID,
    canonical,
    collection_of,
    unknown_folders,
    wanted_folders,
)
from leaderboard_etl.sources.every_eval_ever.newest import each_change, newest_statements
from leaderboard_etl.sources.every_eval_ever.record import read_record
from leaderboard_etl.sources.every_eval_ever.results import Row, Rules, Statements, drift_subjects, read_results, unread
from leaderboard_etl.sources.every_eval_ever.works import COLLECTIONS
from leaderboard_etl.sources.measured import narrow


def wants(path: str) -> bool:
    """Whether `parse` reads a file of this path: a record, wherever its collection."""
    return collection_of(path) is not None


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Scores, parts of scores, names and prices of the records, each statement once; what cannot be read is quarantined,
    and nothing raises. Files of one folder must be parsed together, because only the newest of several statements counts,
    and of prices each that changed."""
    rules, statements = Rules(policy), Statements()
    for file in files:
        try:
            record = read_record(file.content)
        except RefusedError as error:
            statements.refused.append(unread(file, error.rule, str(error)))
            continue
        read_results(file, collection_of(file.version.path) or "", record, rules, statements)
    return Parsed(
        scores=_frame("scores", newest_statements(statements.scores, "variant_id", "setting")),
        subtask_scores=narrow(_frame("subtask_scores", newest_statements(statements.parts, "task", "metric"))),
        models=_frame("models", newest_statements(statements.models)),
        prices=_frame("prices", each_change(statements.prices)),
        quarantine=refusals(statements.refused),
        source_rows=len(files),
        drift=[
            Drift(
                SOURCE_ID,
                "unknown_evaluation",
                collection,
                f"{sum(count for _, count in evaluations)} results left out: policy/eee_evaluations.csv has no row for"
                f" {', '.join(name for name, _ in evaluations[:5])}",
            )
            for collection, evaluations in drift_subjects(statements.unknown)
        ],
    )


def _frame(target: str, rows: Sequence[Row]) -> pl.DataFrame:
    schema = parsed_schema(target)
    if not rows:
        return parsed_frame(target, pl.DataFrame(schema=schema))
    return parsed_frame(target, pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None))


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Every Eval Ever: HELM, Vals, Artificial Analysis and other evaluators in one schema",
    repo_type="dataset",
    repo_id="evaleval/EEE_datastore",
    wants=wants,
    parse=parse,
    folders=Folders(ROOT, wanted_folders, canonical, SECOND_LAYOUT, unknown_folders),
    is_read_by_folder=True,
    names="coined",
    reported_by=("third_party", "vendor"),
    collections=COLLECTIONS,
    trust=Trust(spelling=80, repository=80, release=80),
    left_out="collections and evaluations that `policy/eee_collections.csv` and `policy/eee_evaluations.csv` give a reason to"
    " leave out; results of single questions; sizes, and what an adapter guesses of the developer; `flat/`",
    left_out_because="other benchmarks are not part of the project; guesses are sometimes wrong; `flat/` is a second layout of"
    " June 2026, and in August 2026 adapters still wrote to `data/`: a night says where it is there",
    works=(
        Work(
            "Evaluating Evaluations coalition, Every Eval Ever: a shared schema and datastore of evaluation results (2026)",
            "MIT (the datastore; each collection has its own)",
            "https://huggingface.co/datasets/evaleval/EEE_datastore",
        ),
    ),
)
