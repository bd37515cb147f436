"""A whole night without Prefect: real client, real Hub over HTTP, real DuckDB file."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from conftest import Faults
from faulty_hub import HubServer, Request, Response
from worlds import V1, V2, V2_SENTINELS, World, content, no_wait, parquet, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.commands.explain import explain
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.fetching import tracked_models
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.reading.loads import LoadContent
from leaderboard_etl.report import headline, notes
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.warehouse import audit
from leaderboard_etl.warehouse.fold import fold_load
from leaderboard_etl.warehouse.history import merge

pytestmark = pytest.mark.marts(False)


@pytest.fixture
def tables(world: World) -> World:
    """Its nights read the two tables alone: the other sources take half of a night."""
    world.options = {"only": ("olb_v1_contents", "olb_v2_contents")}
    return world


@pytest.fixture
def requests_too(world: World) -> World:
    """Its nights read one table and the requests to be in it."""
    world.options = {"only": ("olb_v2_contents", "olb_v2_requests")}
    return world


@pytest.fixture
def cards_too(world: World) -> World:
    """Its nights read one table and all that is asked about models."""
    world.options = {"only": ("olb_v2_contents", *pipeline.MODEL_SOURCES)}
    return world


def state_of(world: World, source_id: str) -> str:
    return str(
        world.query(f"select state from ops.load_sources where source_id = '{source_id}' order by load_id desc")[0][0]
    )


def test_a_first_night_publishes_every_row_of_both_tables(standing: World) -> None:
    assert standing.query(
        "select source_id, count(*) from core.scores where source_id like 'olb%' group by all order by all"
    ) == [
        ("olb_v1_contents", 32 * 6),
        ("olb_v2_contents", 32 * 6),
    ]
    books = standing.query("select source_rows, rows_in, rows_stored, rows_quarantined from ops.load_sources"
                        " where source_id = 'olb_v2_contents'")  # fmt: skip
    assert books == [(32, 32 * 8, 32 * 8, 0)]


def test_a_night_without_news_sends_one_request_per_repository_and_leaves_the_file_as_it_is(
    published: World, server: HubServer
) -> None:
    before = published.warehouse.database.read_bytes()
    server.requests.clear()
    assert published.night(2).status == "no_news"
    assert published.warehouse.database.read_bytes() == before
    heads = [request.path for request in server.requests if not request.path.startswith("/api/models")]
    repositories = [source for source in SOURCES.values() if source.repo_id]
    boards = [path for path in heads if path.endswith("/leaderboard")]
    assert len(boards) == read_policy().frame("eval_tasks").drop_nulls("variant_id")["dataset_id"].n_unique()
    assert len(heads) == len(set(heads)) == len(repositories) + len(boards) + 1
    others = set(heads) - set(boards) - {"/api/datasets"}  # the last one: the list of official benchmarks
    assert all(path.endswith("/revision/main") for path in others)
    assert len((published.warehouse.raw / "ledger.jsonl").read_text().splitlines()) == 2


def test_a_new_commit_takes_one_get_per_changed_file(published: World, server: HubServer) -> None:
    published.put("datasets/open-llm-leaderboard/contents/README.md", b"hello")
    published.put_v2(v2_row("org/new"))
    server.requests.clear()
    published.night(2, accept=("olb_v2_contents@0000000",))
    gets = [request.path for request in server.requests if "/resolve/" in request.path and "datasets" in request.path]
    assert [path.rsplit("/", 1)[-1] for path in gets] == ["train-00000-of-00001.parquet"]
    assert not [request for request in server.requests if request.method == "HEAD"]


@pytest.mark.marts(True)
def test_restated_scores_are_history_and_the_day_before_is_unchanged(published: World) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.9 if n == 7 else 0.3 + n / 100) for n in range(1, 31)])
    published.night(2)
    gpqa = "select score_raw from core.scores where model_id = 'org/model-7b' and variant_id = 'gpqa_olb_v2'"
    assert published.query(gpqa) == [(0.9,)]
    with open_published(published.warehouse, as_of=date(2025, 1, 1)) as con:
        assert con.execute(gpqa).fetchall() == [(0.37,)]
        assert con.execute("select score_pct from mart.model_scaling where comparable_group = 'gpqa_measured'"
                           " and model_id = 'org/model-7b'").fetchall() == [(37.0,)]  # fmt: skip


def test_as_of_a_day_before_the_first_load_is_a_clear_error(standing: World) -> None:
    with pytest.raises(UsageError, match="before the first load"):
        open_published(standing.warehouse, as_of=date(2024, 12, 31))


def test_a_file_of_code_that_did_not_know_a_table_is_a_clear_error(published: World) -> None:
    with duckdb.connect(str(published.warehouse.database)) as con:
        con.execute("drop table history.model_bases; drop table core.model_bases")
    with pytest.raises(WarehouseError, match=r"made by other code .*model_bases.*run --offline"):
        open_published(published.warehouse, as_of=date(2025, 1, 1))
    with pytest.raises(WarehouseError, match="made by other code"):
        explain(published.warehouse, "mistralai/Mistral-7B-v0.1", None, as_of=None, as_json=False)


@pytest.mark.marts(True)
def test_offline_rebuilds_the_same_content_without_a_socket(published: World, monkeypatch: pytest.MonkeyPatch) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    published.night(2)
    before = content(published.warehouse.database, without=("ops.check_results",))

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket", refuse)
    pipeline.rebuild(published.warehouse)
    assert content(published.warehouse.database, without=("ops.check_results",)) == before


def test_a_rebuild_commits_each_load_before_it_folds_the_next(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction would hold the rows of a year in memory, and DuckDB 2.0.0 spoils a table from which rows are deleted that
    the same transaction inserted."""
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    published.night(2)
    committed: list[tuple[int]] = []

    def counted(con: duckdb.DuckDBPyConnection, load: LoadContent) -> None:
        [(name,)] = con.execute("select current_database()").fetchall()
        with con.cursor() as other:
            committed.extend(other.execute(f"select count(*) from {name}.ops.loads").fetchall())
        fold_load(con, load)

    monkeypatch.setattr("leaderboard_etl.warehouse.build.fold_load", counted)
    pipeline.rebuild(published.warehouse)
    assert committed == [(0,), (1,)]


def test_the_next_night_catches_up_with_a_ledger_ahead_of_the_file(published: World, tmp_path: Path) -> None:
    """A run leaves this state if it is killed between writing its ledger line and replacing the file."""
    shutil.copy(published.warehouse.database, tmp_path / "old")
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    published.night(2)
    # Audit, loads and marts contain the day of the last load, which differs.
    dated = ("ops.check_results", "ops.load", "ops.build", "mart.")
    expected = content(published.warehouse.database, without=dated)
    (tmp_path / "old").replace(published.warehouse.database)
    assert published.night(3).status in ("published", "degraded")
    assert content(published.warehouse.database, without=dated) == expected


def test_a_reader_is_never_blocked_and_sees_whole_loads(published: World) -> None:
    with duckdb.connect(str(published.warehouse.database), read_only=True) as reader:
        published.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
        assert published.night(2).status == "published"
        assert reader.execute(
            "select max(score_raw) from core.scores where source_id = 'olb_v2_contents'"
        ).fetchall() == [(0.6,)]
    assert published.query("select max(score_raw) from core.scores where source_id = 'olb_v2_contents'") == [(0.9,)]


def test_a_renamed_column_holds_that_source_and_the_others_load(published: World) -> None:
    published.put(
        V2, parquet([{("GPQA raw" if k == "GPQA Raw" else k): v for k, v in row.items()} for row in V2_SENTINELS])
    )
    published.put_v1()
    outcome = published.night(2, accept=())
    assert outcome.status == "degraded"
    assert outcome.load is not None
    entry = outcome.load.source("olb_v2_contents")
    assert entry is not None and entry.state == "held"
    assert "renamed to 'GPQA raw'?" in (entry.message or "")
    assert published.query("select count(*) from core.scores where variant_id = 'gpqa_olb_v2'") == [(32,)]


def test_a_vanished_tenth_is_held_until_it_is_accepted(published: World) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 20)])
    outcome = published.night(2)
    assert outcome.load is not None
    entry = outcome.load.source("olb_v2_contents")
    assert entry is not None and entry.state == "held" and entry.revision
    assert published.query("select count(*) from core.scores where variant_id = 'gpqa_olb_v2'") == [(32,)]
    # The same finding again is not news, but the night is still degraded.
    held = published.warehouse.database.read_bytes()
    assert published.night(3).status == "degraded"
    assert published.warehouse.database.read_bytes() == held
    published.night(4, accept=(f"olb_v2_contents@{entry.revision}",))
    assert published.query("select count(*) from core.scores where variant_id = 'gpqa_olb_v2'") == [(21,)]
    assert published.query("select kind from ops.drift order by load_id")[-1] == ("accepted",)


def test_a_source_without_a_brake_is_loaded_whatever_vanishes(tables: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "olb_v2_contents", replace(SOURCES["olb_v2_contents"], is_braked=False))
    tables.night(1)
    tables.put_v2()
    assert tables.night(2).status == "published"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Response(404, {}, b""), "HTTP 404"),
        (Response(401, {}, b""), "HTTP 401"),
        (Response(500, {}, b""), "HTTP 500"),
        (Response(200, {}, b"<html>not a Hub</html>"), "did not answer with JSON"),
    ],
)
def test_a_source_that_fails_leaves_the_others_loaded(
    tables: World, faults: Faults, fault: Response, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    faults.answers["api/datasets/open-llm-leaderboard/contents"] = fault
    outcome = tables.night(1)
    assert outcome.status == "degraded"
    assert why in (outcome.load.source("olb_v2_contents").message or "")  # type: ignore[union-attr]
    assert state_of(tables, "olb_v1_contents") == "loaded"
    faults.answers.clear()
    assert tables.night(2).status == "published"
    assert state_of(tables, "olb_v2_contents") == "loaded"


def test_a_parser_that_crashes_holds_its_source_back_and_names_the_file(
    requests_too: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(files: Sequence[SourceFile], policy: Policy) -> Parsed:
        raise OverflowError("date value out of range")

    monkeypatch.setitem(SOURCES, "olb_v2_requests", replace(SOURCES["olb_v2_requests"], parse=broken))
    outcome = requests_too.night()
    assert outcome.status == "degraded" and outcome.load is not None
    states = {entry.source_id: (entry.state, entry.message or "") for entry in outcome.load.sources}
    assert states["olb_v2_contents"][0] == "loaded"
    state, message = states["olb_v2_requests"]
    assert state == "held" and "Mistral-7B-v0.1_eval_request" in message and "date value out of range" in message


def test_nights_without_news_leave_the_file_as_it_is_while_a_source_fails(requests_too: World, faults: Faults) -> None:
    faults.answers["open-llm-leaderboard/requests"] = Response(401)
    requests_too.night(1)
    before = requests_too.warehouse.database.read_bytes()
    for day in (2, 3):
        outcome = requests_too.night(day)
        assert outcome.status == "degraded" and headline(outcome).startswith("no news, but degraded")
        assert requests_too.warehouse.database.read_bytes() == before


def test_wrong_bytes_are_requested_again_then_refused_and_never_landed(
    world: World, faults: Faults, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    good = (world.root / V2).read_bytes()
    faults.answers["/resolve/"] = Response(200, {}, good[:-1] + bytes([good[-1] ^ 1]))
    outcome = world.night(1, only=("olb_v2_contents",))
    assert "not the one that the tree names" in (outcome.load.source("olb_v2_contents").message or "")  # type: ignore[union-attr]
    assert world.query("select count(*) from core.scores where source_id = 'olb_v2_contents'") == [(0,)]
    assert len([request for request in server.requests if "/resolve/" in request.path]) > 1


def test_a_truncated_table_is_one_clear_message_and_the_rest_loads(tables: World) -> None:
    tables.put(V1, (tables.root / V1).read_bytes()[:2000])
    outcome = tables.night(1)
    assert outcome.status == "degraded"
    assert "cannot be read as a parquet table" in (outcome.load.source("olb_v1_contents").message or "")  # type: ignore[union-attr]
    assert state_of(tables, "olb_v2_contents") == "loaded"


def test_bad_rows_are_quarantined_with_their_text_and_the_counts_add_up(tables: World) -> None:
    bad = [
        v2_row("org/huge", 1e9),
        v2_row("org/negative", -3.0),
        v2_row("org/nan", float("nan")),
        v2_row("../../etc/passwd"),
        v2_row('org/<script>alert("x")</script>'),
        v2_row("org/" + "x" * 300),
        v2_row("org/twice"),
        v2_row("org/twice"),
    ]
    tables.put_v2(*bad, v2_row("org/good"))
    tables.night(1)
    rules = dict(
        tables.query("select rule, count(distinct source_name) from ops.quarantine where valid_to is null group by all")
    )
    assert rules == {"score_raw|range": 2, "score_raw|number": 1, "source_name|form": 3, "key|unique": 1}
    assert tables.query(
        "select rows_in - rows_stored - rows_quarantined from ops.load_sources where source_id = 'olb_v2_contents'"
    ) == [(0,)]
    assert tables.query("select count(*) from core.scores where model_id = 'org/good'") == [(6,)]


def test_a_record_lost_between_the_parser_and_the_tables_stops_the_publication(
    tables: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(
        con: duckdb.DuckDBPyConnection,
        target: str,
        parsed: pl.DataFrame,
        source_id: str,
        scope: pl.DataFrame,
        **of: Any,
    ) -> tuple[int, int, int]:
        return merge(con, target, parsed.head(-1) if target == "scores" else parsed, source_id, scope, **of)

    monkeypatch.setattr("leaderboard_etl.warehouse.fold.merge", careless)
    outcome = tables.night(1)
    assert outcome.status == "failed" and "loads_add_up" in str(outcome.message)
    assert not tables.warehouse.database.exists()


def test_a_corrected_record_leaves_quarantine(tables: World) -> None:
    tables.put_v2(v2_row("org/m", 1e9))
    tables.night(1)
    tables.put_v2(v2_row("org/m", 0.5))
    tables.night(2)
    assert tables.query("select count(*) from ops.quarantine where valid_to is null") == [(0,)]
    assert tables.query("select distinct load_id, closed_load_id from ops.quarantine") == [(1, 2)]


def test_a_night_asks_about_the_models_that_policy_tracks(
    cards_too: World, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = read_policy()
    tracked = tracked_models()
    assert {*policy.frame("tracked_models")["model_id"]} < tracked
    assert {*policy.frame("reference_models").filter(openness="open_weights")["model_id"]} < tracked
    monkeypatch.setattr("leaderboard_etl.pipeline.fetching.tracked_models", lambda: {"tracked/by-policy-1b"})
    cards_too.night(1)
    assert any(request.path.startswith("/api/models/tracked/by-policy-1b") for request in server.requests)


def test_a_bad_card_is_one_quarantined_record_and_the_rest_loads(cards_too: World) -> None:
    figure = b"---\nmodel-index:\n- results:\n  - dataset: {name: HumanEval}\n    metrics: [{type: pass@1, value: %s}]\n---\n"
    bad = {
        "org/model-1b": b"---\nlicense: [\n---\n",
        "org/model-3b": b"---\na: &a [x]\nb: [" + b"*a," * 200 + b"]\n---\n",
        "org/model-4b": b"---\nlicense: caf\xe9\n---\n",
        "org/model-5b": b"---\nmodel-index: surprise\n---\n",
        "org/model-6b": figure % b"N/A",
        "org/model-7b": figure % b"1e9",
    }
    for name, card in bad.items():
        cards_too.put_model(name, card)
    cards_too.put_model(
        "org/model-2b", b"---\nlicense: mit\n---\n", safetensors={"parameters": {"BF16": 123}, "total": 123}
    )
    assert cards_too.night(1).status == "published"
    found = cards_too.query(
        "select source_id, source_name, path from ops.quarantine where valid_to is null order by all"
    )
    assert found == [("model_cards", name, "README.md") for name in bad]
    assert cards_too.query(
        "select params_total, params_method, license_text from core.models where model_id = 'org/model-2b'"
    ) == [(123, "safetensors", "mit")]


def test_a_card_without_front_matter_is_not_an_error(cards_too: World) -> None:
    cards_too.put_model("org/model-1b", b"# A model\n")
    cards_too.night(1)
    assert cards_too.query("select count(*) from ops.quarantine") == [(0,)]


def test_two_runs_at_once_are_refused(world: World) -> None:
    with run_lock(world.warehouse.lock), pytest.raises(WarehouseError, match="another run holds"):
        # FileLock is reentrant in a thread; another run is another process or thread.
        errors: list[Exception] = []

        def other() -> None:
            try:
                world.night(1)
            except WarehouseError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        raise errors[0]


def test_a_warehouse_belongs_to_one_hub(published: World) -> None:
    with pytest.raises(UsageError, match="fed by one Hub"):
        published.options["only"] = ()
        pipeline.run_night(
            Options(published.warehouse, published.hub, "https://elsewhere"), lambda night: pipeline.Ending("no_news")
        )


def test_an_unreachable_hub_fails_the_night_and_leaves_the_published_file(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    before = published.warehouse.database.read_bytes()
    published.hub = "http://127.0.0.1:9"
    outcome = published.night(2)
    assert outcome.status == "failed"
    assert outcome.message is not None
    assert "http://127.0.0.1:9" in outcome.message and "--hub sample" in outcome.message
    assert published.warehouse.database.read_bytes() == before


def test_a_refused_token_ends_the_night_and_marks_no_model_unavailable(
    published: World, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published.warehouse.database.read_bytes()
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    server.refused_tokens.add("hf_expired")
    server.requests.clear()
    outcome = published.night(2)
    assert outcome.status == "failed" and "HF_TOKEN" in (outcome.message or "") and "\n" not in (outcome.message or "")
    assert len(server.requests) == 1
    assert outcome.load is not None and not any(entry.changes_blob for entry in outcome.load.sources)
    assert published.warehouse.database.read_bytes() == before


def test_a_failed_audit_publishes_nothing(published: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = published.warehouse.database.read_bytes()
    broken = audit.Check("always", "error", "anything at all", "select 1 as n")
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
    with monkeypatch.context() as patched:
        patched.setattr(audit, "checks", lambda: (broken,))
        outcome = published.night(2)
    assert outcome.status == "failed" and "always" in (outcome.message or "")
    statuses = [
        json.loads(line)["status"] for line in (published.warehouse.raw / "ledger.jsonl").read_text().splitlines()
    ]
    assert statuses == ["published", "failed"]
    assert published.warehouse.database.read_bytes() == before
    assert published.night(3).status == "published"


def test_flags_are_verified_by_models_with_known_flags(published: World) -> None:
    # v1 publishes them inverted and v2 does not; both must give the same flags for Mixtral.
    assert published.query("select source_id, is_moe, is_merge, is_flagged from history.models"
                       " where source_name = 'mistralai/Mixtral-8x7B-v0.1' and source_id like 'olb%' order by all") == [
        ("olb_v1_contents", True, False, False),
        ("olb_v2_contents", True, False, False),
    ]  # fmt: skip


def test_flags_of_a_table_in_shards_are_verified_by_the_models_of_all_also_if_only_one_of_them_changes(
    tables: World,
) -> None:
    first, second = (V2.replace("00000-of-00001", f"{n:05}-of-00002") for n in range(2))
    (tables.root / V2).unlink()
    tables.put(first, parquet([*V2_SENTINELS, *(v2_row(f"org/model-{n}b", 0.4) for n in range(1, 16))]))
    plain = [v2_row(f"org/model-{n}b", 0.4) for n in range(16, 28)]
    kinds = [
        v2_row("kind/merge", Merged=True),
        v2_row("kind/mixture", MoE=True, Architecture="?"),
        v2_row("kind/trained-on-the-test", Flagged=True),
    ]
    for day, rows in enumerate(([*plain, *kinds], [v2_row("org/new"), *plain, *kinds]), start=1):
        tables.put(second, parquet(rows))
        assert tables.night(day).status == "published"
        flags = "select is_merge, is_moe, is_flagged from core.models where model_id like 'kind/%' order by model_id"
        assert tables.query(flags) == [(True, False, False), (False, True, False), (False, False, True)]
    assert tables.query("select is_merge from core.models where model_id = 'org/new'") == [(False,)]
    assert tables.query(
        "select count(*) from ops.drift where kind = 'flag_polarity' and source_id like '%_contents'"
    ) == [(0,)]
    rows_of = (
        "select count(*) from history.models where valid_to is null and path like '%-of-00002.parquet' group by path"
    )
    assert tables.query(f"{rows_of} order by path") == [(17,), (16,)]


def test_every_view_answers_on_a_published_warehouse(standing: World) -> None:
    for name in ("model_scaling", "gap_frontier", "gap_monthly", "moe_efficiency", "coverage"):
        assert standing.query(f"select count(*) from mart.{name}")[0][0] > 0, name


def test_the_ledger_holds_no_secret_and_no_path(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret_token_value")
    world.night(1)
    text = (world.warehouse.raw / "ledger.jsonl").read_text()
    assert "hf_secret" not in text and str(world.root) not in text
    assert b"hf_secret" not in world.warehouse.database.read_bytes()
    assert json.loads(text)["endpoint"] == "sample"


def test_published_values_are_those_of_the_file_to_the_last_digit(tables: World) -> None:
    exact = 0.123456789012345
    tables.put_v2(v2_row("org/exact", exact))
    tables.night(1)
    assert tables.query("select distinct score_raw from core.scores where model_id = 'org/exact'") == [(exact,)]
    published = pl.read_parquet(tables.root / V2).filter(pl.col("fullname") == "org/exact")["BBH"].item()
    assert tables.query(
        "select score_norm_pct from core.scores where model_id = 'org/exact' and variant_id = 'bbh_olb_v2'"
    ) == [(published,)]


@pytest.mark.parametrize("budget", [0, 1, 5, 12])
def test_a_night_stays_within_the_card_budget(cards_too: World, server: HubServer, budget: int) -> None:
    outcome = cards_too.night(1, card_budget=budget)
    asked = [
        r for r in server.requests if r.path.startswith("/api/models") or r.path.endswith(("/leaderboard", "/datasets"))
    ]
    assert len(asked) == budget
    assert outcome.load is not None
    entry = outcome.load.source("model_cards")
    assert entry is not None and entry.api_calls == budget


def test_a_source_with_mostly_failed_questions_keeps_what_arrived_and_names_benchmarks(
    cards_too: World, server: HubServer
) -> None:
    cards_too.put("_api/datasets/Idavidrein/gpqa.json", b'{"gated": "auto", "leaderboard": []}')
    cards_too.put("_api/datasets/org/new-bench.json", b'{"tags": ["benchmark:official"]}')
    cards_too.put_model("mistralai/Mistral-7B-v0.1", b"---\nlicense: mit\n---\n")

    def mostly_ill(request: Request) -> Response | None:
        is_well = request.first("author") == "mistralai" or not request.path.startswith("/api/models")
        return None if is_well else Response(400, {}, b"")

    server.intercept = mostly_ill
    outcome = cards_too.night(1)
    assert outcome.status == "degraded" and outcome.load is not None
    cards = outcome.load.source("model_cards")
    assert cards is not None and cards.state == "failed" and "HTTP 400" in str(cards.message)
    [(license_text,)] = cards_too.query(
        "select license_text from history.models where source_id = 'model_cards' and path = 'README.md'"
    )
    assert license_text == "mit"
    said = "\n".join(notes(outcome))
    assert "Idavidrein/gpqa is gated" in said and "drift in eval_results, org/new-bench" in said
