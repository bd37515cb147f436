"""Bad content from strangers does not stop a night: only our own code can make a check of severity error find rows.

One Hub is read twice: as it is, and with bad files of every kind laid over it on two nights. The second one publishes,
its counts add up, bad records are refused or doubted, and every row about anything else is the same.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from faulty_hub import HubServer
from hostile import CALM_CODE, CARD, CONFIG, EVAL, INFO, RUN, WHOLE, lay, put_board, rating_rows
from reliability.cases import differences
from test_arena_ratings import LATEST
from test_arena_ratings import parquet as ratings
from worlds import BIGCODE_HEADER, V2, World, parquet, small_world, v1_row, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.warehouse.audit import checks

# More seeds find more faults; each takes two nights.
SEEDS = range(1, 1 + int(os.environ.get("HOSTILE_SEEDS", "1")))
CALM_V2 = [v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 31)]
CALM_V1 = [v1_row(f"org/model-{n}b", 30.0 + n) for n in range(1, 31)]
SECOND_TABLE = V2.replace("00000-of-00001", "00001-of-00002")
RUNS = "datasets/open-llm-leaderboard/results/storm/again"
ARENA = "spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20250102.csv"
HEADER = "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\n"
LATER_ARENA = ARENA.replace("0102", "0103")
LETTERS = ("İstanbul", "istanbul", "ΟΔΟΣ", "οδοσ")  # names whose lower case is ambiguous
HUB = "https://huggingface.co/storm"
RATINGS = f"datasets/lmarena-ai/leaderboard-dataset/{LATEST}"
CALM_RATINGS = [{"model_name": f"calm-{n}", "leaderboard_publish_date": "2025-01-02"} for n in range(30)]
# A day within the series, and two that cannot be one; names that are equal in lower case, or hardly names.
ODD_RATINGS = [
    {"model_name": name, "leaderboard_publish_date": day}
    for name in (*LETTERS, " storm-spaces ", "\u202egnp.exe", "?")
    for day in ("0001-01-01", "2024-01-09", "9999-12-31")
]
NO_RATINGS: list[dict[str, object]] = [
    {"model_name": "storm-nan", "rating": float("nan")},
    {"model_name": "storm-infinite", "rating": float("inf")},
    {"model_name": "storm-null", "rating": None},
    {"model_name": "storm-no-day", "leaderboard_publish_date": None},
    {"model_name": "storm-odd-day", "leaderboard_publish_date": "2024-02-30"},
]


@dataclass
class Storm:
    """A Hub with and without strangers' bad files, and how the nights over the second ended."""

    calm: World
    world: World
    outcomes: list[pipeline.Outcome] = field(default_factory=list)


def calm_hub(folder: Path, url: str) -> World:
    world = small_world(folder, url)
    world.put_model("org/model-1b", f"---\n{json.dumps(CARD)}\n---\n# A model\n".encode(), **INFO)
    world.put("models/org/model-1b/config.json", json.dumps(CONFIG).encode())
    world.put("models/org/model-2b/.eval_results/gpqa.yaml", json.dumps(EVAL).encode())
    world.put_model("org/model-2b", b"# Another\n")
    put_board(world, [{"modelId": f"org/model-{n}b", "filename": ".eval_results/gpqa.yaml"} for n in (1, 2)])
    world.put("datasets/open-llm-leaderboard/results/org/model-1b/results_2024-07-01T00-00-00.000001.json",
              json.dumps(RUN).encode())  # fmt: skip
    arena = f"{HEADER}calm,Calm,8.5,0.8,2024/01,MIT,Org,https://huggingface.co/org/model-3b\n"
    world.put("spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20240101.csv", arena.encode())
    world.put(RATINGS, ratings(*CALM_RATINGS))
    world.put("spaces/bigcode/bigcode-models-leaderboard/data/code_eval_board.csv",
              f"{BIGCODE_HEADER}\n{CALM_CODE}\n".encode())  # fmt: skip
    return world


@pytest.fixture(scope="module", params=SEEDS)
def storm(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Storm]:
    folders = [tmp_path_factory.mktemp(name) for name in ("calm", "storm")]
    for folder in folders:
        (folder / "hub").mkdir()
    with HubServer(folders[0] / "hub") as first, HubServer(folders[1] / "hub") as second:
        found = Storm(calm_hub(folders[0], first.url), calm_hub(folders[1], second.url))
        assert found.calm.night(1).status == "published"
        for night in (1, 2):
            rows = [row for made in HOSTILE.values() for row in made.v2]
            lay(found.world, [*CALM_V2, *rows], CALM_V1, 1000 * request.param + night)
            for hostile in HOSTILE.values():
                for path, content in (hostile.files if night == 1 else hostile.later).items():
                    found.world.put(path, content)
            put_board(found.world, [{"modelId": name} for name in MODELS])
            found.outcomes.append(found.world.night(night))
        yield found


@dataclass(frozen=True)
class Hostile:
    """Content that could make a check find rows: rows of the v2 table and files (`later`: on the second night), a
    query, and its expected answer."""

    becomes: str
    answer: list[tuple[object, ...]]
    files: dict[str, bytes] = field(default_factory=dict)
    later: dict[str, bytes] = field(default_factory=dict)
    v2: tuple[dict[str, object], ...] = ()


def model(name: str, dtypes: dict[str, int], *paths: str) -> dict[str, bytes]:
    listed = paths or ("README.md", "config.json", "model.safetensors")
    info = {"safetensors": {"parameters": dtypes}, "siblings": [{"rfilename": path} for path in listed]}
    files = {f"_api/models/storm/{name}.json": json.dumps(info).encode(), f"models/storm/{name}/README.md": b"# m\n"}
    return files | {f"models/storm/{name}/config.json": json.dumps(CONFIG).encode()}


def shown(*results: object) -> bytes:
    return json.dumps({**INFO, "evalResults": results}).encode()


_RUN = json.dumps(RUN).encode()
_LORA = ("README.md", "adapter_config.json", "adapter_model.safetensors", "config.json")
_SIZES = "select model_id, params_total, params_active from core.models where model_id in {} order by all"
_PARTS = {f"leaderboard_bbh_{n}": {"acc_norm,none": 43.7} for n in ("snarks", "navigate", "hyperbaton")}
MODELS = ["storm/value-head", "storm/lora", "storm/packed", "storm/cut", "storm/old-7b", "storm/new-70b", "storm/pr"]

HOSTILE: dict[str, Hostile] = {
    "parameters_are_positive": Hostile(
        _SIZES.format("('storm/value-head', 'storm/lora', 'storm/packed', 'storm/cut')"),
        [(f"storm/{name}", WHOLE, WHOLE) for name in ("cut", "lora", "packed", "value-head")],
        files=model("value-head", {"BF16": 8194}) | model("lora", {"F32": 41_943_040}, *_LORA)
        | {"models/storm/lora/adapter_config.json": b"{}"}
        | model("packed", {"F16": 1_059_000_000, "I16": 1_744_830_464}) | model("cut", {"BF16": 6 * 10**9}),
    ),
    "aliases_end": Hostile(
        "select model_id from core.model_aliases where source_id = 'arena'"
        " and source_name in ('storm-first', 'storm/middle') order by all",
        [("storm/last",), ("storm/middle",)],
        files={ARENA: f"{HEADER}storm-first,a,8,,,MIT,S,{HUB}/middle\nstorm/middle,b,8,,,MIT,S,{HUB}/last\n".encode()},
    ),
    "models_key_is_unique": Hostile(
        f"select count(*) from core.models where model_id in {LETTERS}", [(4,)],
        files={LATER_ARENA: (HEADER + "".join(f"{name},a,8,,,MIT,S,\n" for name in LETTERS)).encode()},
    ),
    "names_resolve": Hostile(
        "select count(distinct model_id) from core.models where lower(model_id) = 'storm/case'", [(1,)],
        v2=(v2_row("storm/CASE"), v2_row("storm/case", Precision="float16")),
    ),
    "every_score_has_a_model": Hostile(
        "select count(*) from core.scores where source_name = 'storm/hidden' and source_id = 'olb_v2_contents'", [(6,)],
        v2=(v2_row("storm/hidden") | {"Precision": "", "Model sha": "", "Hub License": ""},),
    ),
    "one_size_is_chosen": Hostile(
        "select count(*) from core.models where model_id = 'storm/many' and params_total is not null", [(1,)],
        v2=tuple(v2_row("storm/many", Precision=p, **{"#Params (B)": n})
                 for p, n in (("float16", 1e-9), ("bfloat16", 9e4), ("4bit", 1.5), ("8bit", -1.0))),
    ),
    "scores_are_in_range": Hostile(
        "select count(*) from core.scores where source_name in ('storm/least', 'storm/most') and not is_corrected", [(6,)],
        v2=(v2_row("storm/least", -1e-12), v2_row("storm/most", 1 + 1e-15)),
        files={f"{RUNS}/results_2024-07-02T00-00-00.000001.json": json.dumps({**RUN, "results": _PARTS}).encode()},
    ),
    "scores_key_is_unique": Hostile(
        "select run_id, reported_by from core.scores where source_name = 'storm/pr' and source_id = 'eval_results'"
        " order by all",
        [("gpqa.yaml", "community")],
        files={
            "_api/models/storm/pr.json": shown(
                {"filename": ".eval_results/gpqa.yaml", "pullRequest": 3, "data": EVAL[0] | {"value": 60.0}}
            ),
            "models/storm/pr/.eval_results/gpqa.yaml": json.dumps(EVAL).encode(),
        },
    ),
    "history_intervals_do_not_overlap": Hostile(
        "select distinct path from core.scores where source_name = 'storm/again' and run_id like '%unknown results'",
        [("storm/again/results.json",)],
        files={f"{RUNS}/results.json": _RUN}, later={f"{RUNS}/results_results.json": _RUN},
    ),
    "every_table_row_is_accounted_for": Hostile(
        "select path, count(*) from history.models where valid_to is null and source_id = 'olb_v2_contents'"
        " and source_name like 'storm/second%' group by all",
        [(SECOND_TABLE.removeprefix("datasets/open-llm-leaderboard/contents/"), 2)],
        later={SECOND_TABLE: parquet([v2_row("storm/second-1"), v2_row("storm/second-2"), v2_row("storm/second-2")])},
    ),
    "every_rating_is_in_core": Hostile(
        "select count(*), count(distinct source_name) from core.ratings where published_on = date '2024-01-09'", [(7, 7)],
        files={RATINGS: ratings(*CALM_RATINGS, *ODD_RATINGS, *NO_RATINGS, *rating_rows())},
    ),
    "loads_add_up": Hostile(
        "select load_id, rows_in - rows_stored - rows_quarantined as lost from ops.load_sources where lost <> 0", [],
        v2=tuple(v2_row("storm/twice", float("nan")) for _ in range(3)),
    ),
}  # fmt: skip

# The rows that each check finds in a file whose rows our own code damaged.
BREAKS: dict[str, str] = {
    "aliases_end": "insert into core.model_aliases values ('olb_v1_contents', 'a/x', 'a/y', 'hub_rename', null),"
    " ('olb_v1_contents', 'a/y', 'a/z', 'hub_id', null)",
    "every_rating_is_in_core": "delete from core.ratings where source_name = 'calm-1'",
    "every_score_has_a_model": "delete from core.scores where source_name = 'org/model-7b'",
    "every_table_row_is_accounted_for": "delete from history.models where source_name = 'org/model-7b'",
    "history_intervals_do_not_overlap": "insert into history.scores from history.scores limit 1",
    "loads_add_up": "update ops.load_sources set rows_stored = rows_stored - 1 where source_id = 'arena'",
    "models_key_is_unique": "insert into core.models select * replace (upper(model_id) as model_id) from core.models limit 1",
    "names_resolve": "delete from core.models where model_id = 'org/model-7b'",
    "one_size_is_chosen": "update core.parameter_evidence set is_chosen = false where model_id = 'org/model-7b'",
    "parameters_are_positive": "update core.models set params_active = 2 * params_total where model_id = 'org/model-7b'",
    "scores_are_in_range": "update core.scores set score_pct = 101 where source_name = 'org/model-7b'",
    "scores_key_is_unique": "insert into core.scores from core.scores limit 1",
}
ERRORS = {check.name: check for check in checks() if check.severity == "error"}


def test_every_check_of_severity_error_is_tried_with_bad_content_and_with_broken_code() -> None:
    assert set(HOSTILE) == set(BREAKS) == set(ERRORS)


def test_no_night_is_stopped_and_no_table_is_held(storm: Storm) -> None:
    for outcome in storm.outcomes:
        assert outcome.status in ("published", "degraded"), outcome.message
        assert outcome.load is not None
        told = {entry.source_id: (entry.state, entry.message) for entry in outcome.load.sources}
        assert {source: said for source, said in told.items() if said[0] in ("failed", "held")} == {}


@pytest.mark.parametrize("name", HOSTILE)
def test_content_that_could_fail_a_check_is_refused_doubted_or_stored_as_it_is(storm: Storm, name: str) -> None:
    assert storm.world.query(ERRORS[name].sql) == []
    assert storm.world.query(HOSTILE[name].becomes) == HOSTILE[name].answer


def test_every_record_of_the_storm_is_stored_or_quarantined(storm: Storm) -> None:
    books = "select load_id, source_id, rows_in, rows_stored + rows_quarantined as kept from ops.load_sources"
    assert storm.world.query(f"from ({books}) where rows_in <> kept") == []
    assert storm.world.query("select count(*) > 1000 from ops.quarantine where valid_to is null") == [(True,)]


def test_every_source_of_the_hub_is_tried_with_bad_records(storm: Storm) -> None:
    of_hub = {source.source_id for source in SOURCES.values() if source.repo_type != "project"}
    refused = storm.world.query("select distinct source_id from ops.quarantine where valid_to is null")
    assert {row[0] for row in refused} == of_hub


def test_every_row_about_anything_else_is_the_same_as_without_bad_files(storm: Storm) -> None:
    calm, world = storm.calm.warehouse.database, storm.world.warehouse.database
    names = "select model_id from core.model_aliases union select source_name from history.models"
    hostile = {row[0] for row in storm.world.query(names)} - {row[0] for row in storm.calm.query(names)}
    shared = "select repo_id || '/' || path from raw.files where repo_type <> 'project'"
    files = {row[0] for row in storm.world.query(shared)}
    assert differences(calm, world, hostile, files) == []


@pytest.fixture(scope="module")
def spoilt(storm: Storm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = tmp_path_factory.mktemp("spoilt") / "staged.duckdb"
    shutil.copy(storm.calm.warehouse.database, copy)
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as con:
        yield con


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_still_finds_what_our_own_code_breaks(spoilt: duckdb.DuckDBPyConnection, name: str) -> None:
    assert spoilt.execute(ERRORS[name].sql).fetchall() == []
    spoilt.begin()
    try:
        spoilt.execute(BREAKS[name])
        assert spoilt.execute(ERRORS[name].sql).fetchall()
    finally:
        spoilt.rollback()


def test_a_redirect_to_a_model_of_another_size_is_a_warning_and_two_models(world: World) -> None:
    world.put_v2(v2_row("storm/old-7b"))
    world.put("_api/models/storm/old-7b.json", b'{"_moved_to": "storm/new-70b"}')
    for path, content in model("new-70b", {"BF16": 70 * 10**9}).items():
        world.put(path, content)
    assert world.night(1).status == "published"
    rows = world.query("select source_id, model_id, method from core.model_aliases where source_name = 'storm/old-7b'"
                       " order by all")  # fmt: skip
    assert rows == [
        ("model_cards", "storm/new-70b", "hub_rename"),
        ("olb_v2_contents", "storm/old-7b", "unresolved"),
    ]
    assert world.query("select model_id, params_total from core.models where model_id like 'storm/%' order by all") == [
        ("storm/new-70b", 70 * 10**9),
        ("storm/old-7b", 7 * 10**9),
    ]
    warned = world.query(
        "select severity, n_rows from ops.check_results where check_name = 'joined_names_are_one_model'"
    )
    assert warned == [("warn", 1)]
