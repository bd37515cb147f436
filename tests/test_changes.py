"""What changed load by load: exact by history, as recorded for what is judged, short for a person, and as a feed."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from faulty_hub import HubServer
from test_views import insert
from worlds import V2, World, content, copied, parquet, v2_row

from leaderboard_etl import pipeline, report
from leaderboard_etl.cli import main
from leaderboard_etl.contracts.schema import views
from leaderboard_etl.export.feed import FEED, changes_feed
from leaderboard_etl.export.folder import write_snapshot
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.export.verify import verify_snapshot
from leaderboard_etl.raw.ledger import JudgementChange, Load
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.warehouse.changes import KINDS, MOST_TOLD, LoadChanges, load_changes
from leaderboard_etl.warehouse.changes_text import _SENTENCES, _WORDS, as_json, counted, lines, markdown, told
from leaderboard_etl.warehouse.core import insert_descriptions
from leaderboard_etl.warehouse.judgements import SCHEMA, changed_judgements, with_recorded

MIXTRAL, MISTRAL = "mistralai/Mixtral-8x7B-v0.1", "mistralai/Mistral-7B-v0.1"
_NS = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module")
def second_night(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, pipeline.Outcome]:
    """The small world after a second night, which tests only read, and how that ended: Mistral leads, model-2b is larger and
    otherwise licensed, model-1b is gone, and model-31b is new."""
    folder = tmp_path_factory.mktemp("two_nights")
    (folder / "hub").mkdir()
    with HubServer(folder / "hub") as server:
        world = copied(first_night, folder, server.url)
        rows = [v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(2, 32)]
        rows[0] |= {"#Params (B)": 8.0, "Hub License": "gemma"}
        rows[1] |= {"GPQA Raw": 0.335}
        leading = [v2_row(MIXTRAL, MoE=True, **{"#Params (B)": 46.7}), v2_row(MISTRAL, 0.9)]
        world.put(V2, parquet([*leading, *rows]))
        outcome = world.night(2)
    assert outcome.status in ("published", "degraded")
    return world, outcome


@pytest.fixture(scope="module")
def two_nights(second_night: tuple[World, pipeline.Outcome]) -> World:
    return second_night[0]


def changes(world: World, kind: str, columns: str, where: str = "load_id = 2") -> list[tuple[object, ...]]:
    return world.query(f"select {columns} from mart.changes where kind = '{kind}' and {where} order by all")


def loads_of(world: World, **chosen: object) -> list[LoadChanges]:
    with duckdb.connect(str(world.warehouse.database), read_only=True) as con:
        return load_changes(con, **chosen)  # type: ignore[arg-type]


def test_a_restated_score_has_its_value_before_and_after_and_the_difference_in_points(two_nights: World) -> None:
    [row] = changes(
        two_nights,
        "score_restated",
        "variant_id, before_pct, after_pct, round(difference_pct, 6), is_notable",
        "load_id = 2 and model_id = 'org/model-3b'",
    )
    assert row == ("gpqa_olb_v2", 33.0, 33.5, 0.5, False)  # less than what counts as a match
    assert changes(two_nights, "score_restated", "count(*)", f"model_id = '{MISTRAL}' and is_notable") == [(6,)]


def test_a_score_that_its_source_no_longer_states_is_withdrawn_and_another_key_is_new(two_nights: World) -> None:
    assert changes(two_nights, "score_withdrawn", "distinct model_id, before_pct, after_pct") == [
        ("org/model-1b", 31.0, None)
    ]
    assert changes(two_nights, "score_new", "distinct model_id, before_pct, after_pct, is_first_load") == [
        ("org/model-31b", None, 61.0, False)
    ]


def test_every_score_change_names_its_source_and_a_link(two_nights: World) -> None:
    where = "kind like 'score%' and source_id = 'olb_v2_contents' and (source_url is null or source_url not like 'https://%')"
    assert two_nights.query(f"select * from mart.changes where {where}") == []


def test_a_model_is_new_once_in_the_load_that_first_names_it(two_nights: World) -> None:
    assert ("org/model-31b",) in changes(two_nights, "model_new", "model_id")
    assert two_nights.query(
        "select count(*), count(distinct model_id) from mart.changes where kind = 'model_new'"
    ) == two_nights.query("select count(*), count(*) from core.models")


def test_a_new_leader_stands_with_the_one_before(two_nights: World) -> None:
    columns = "comparable_group, openness, before_text, before_pct, after_text, after_pct, model_id, source_id"
    first, *others = changes(two_nights, "leader_new", columns)
    assert first == ("bbh_measured", "open_weights", MIXTRAL, 50.0, MISTRAL, 90.0, MISTRAL, "olb_v2_contents")
    assert len(others) == 5


def test_a_size_and_a_licence_that_changed_have_both_values(two_nights: World) -> None:
    sizes = changes(two_nights, "size_changed", "subject, before_params, after_params", "model_id = 'org/model-2b'")
    assert ("total", 7_000_000_000, 8_000_000_000) in sizes
    assert changes(two_nights, "license_changed", "model_id, before_text, after_text") == [
        (
            "org/model-1b",
            "Apache-2.0 (permissive, open_weights)",
            "MIT (permissive, open_weights)",
        ),  # what is left says MIT
        ("org/model-2b", "Apache-2.0 (permissive, open_weights)", "gemma (community, open_weights)"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [(None, "org/a", "name_resolved"), ("org/b", "org/a", "name_moved"), ("org/b", None, "name_moved")],
)
def test_a_name_is_resolved_only_if_it_led_nowhere(
    empty: duckdb.DuckDBPyConnection, before: str | None, after: str | None, kind: str
) -> None:
    empty.execute("insert into ops.loads values (1, 'nightly', 'published', '2025-01-01', 'sample', 'x', null, true)")
    empty.execute(
        "insert into ops.judgement_changes values (1, 'name', 's: A', ?, null, ?, null, 's', null)", [before, after]
    )
    assert empty.sql("select kind, subject, before_text, after_text from mart.changes").fetchall() == [
        (kind, "s: A", before, after)
    ]


def test_a_flipped_verdict_is_read_from_the_drift_that_every_load_ever_recorded(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    empty.execute("insert into ops.loads values (1, 'nightly', 'published', '2025-01-01', 'sample', 'x', null, false)")
    message = "the claim was 'not measurable' and is 'holds' now"
    empty.execute("insert into ops.drift values (1, 'policy', 'verdict', 'lora', ?, false)", [message])
    told_now = empty.sql("select kind, subject, before_text, after_text, is_notable from mart.changes").fetchall()
    assert told_now == [("verdict_flipped", "lora", "not measurable", "holds", True)]


def test_the_first_load_of_a_source_is_counted_and_not_told_row_by_row(two_nights: World) -> None:
    first, second = loads_of(two_nights)
    n_all = sum(n for *_, n, _ in first.counts)
    assert n_all > 500 and len(first.rows) <= MOST_TOLD * len(KINDS) and len(lines(first)) < 80
    assert [line for line in counted(first) if line.startswith("olb_v1_contents")] == [
        "olb_v1_contents: 6 new leaders, 32 new models, 192 new scores (its first load)"
    ]
    assert not any(line.endswith("(its first load)") for line in counted(second))
    assert {row["population"] for row in first.rows if row["kind"] == "model_new"} == {"official"}


def stated(con: duckdb.DuckDBPyConnection, table: str, source_id: str, name: str, **own: object) -> None:
    """A row of history of the first load, by a name that means the model of that name."""
    insert(con, f"history.{table}", source_id=source_id, source_name=name, repo_type="space", repo_id="r", revision="c" * 40,
           path="p", blob_id="b", locator="row 1", load_id=1, valid_from=datetime(2025, 1, 1), **own)  # fmt: skip
    con.execute("insert or ignore into names values (?, ?, ?)", [source_id, name, name])


@pytest.fixture
def named(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A first load in which several sources name the same models."""
    insert_descriptions(empty)
    empty.execute(
        "create temp table names (source_id text, source_name text, model_id text, primary key (source_id, source_name))"
    )
    empty.execute("insert into ops.loads values (1, 'nightly', 'published', '2025-01-01', 'sample', 'x', null, true)")

    def score(source_id: str, name: str, reported_by: str) -> None:
        stated(empty, "scores", source_id, name, variant_id="v", precision="n/a", setting="n/a", run_id="n/a",
               score_raw=1.0, score_unit="percent", reported_by=reported_by)  # fmt: skip

    def described(source_id: str, name: str) -> None:
        stated(empty, "models", source_id, name, precision="n/a")

    for source_id in ("arena", "model_cards", "olb_v2_contents"):
        described(source_id, "scored")
    score("model_cards", "scored", "vendor_card_table")
    score("arena", "scored", "arena")
    score("olb_v2_contents", "scored", "leaderboard")
    described("model_cards", "rated")
    stated(
        empty,
        "ratings",
        "reference",
        "rated",
        setting="n/a",
        board="text",
        published_on=date(2025, 1, 1),
        rating=1.0,
    )
    score("olb_v2_contents", "in both", "leaderboard")
    score("olb_v1_contents", "in both", "leaderboard")
    empty.execute("insert into core.model_aliases select *, 'hub', null from names")
    return empty


def test_a_new_model_is_of_the_source_that_says_most_of_it_and_not_of_the_first_in_the_alphabet(
    named: duckdb.DuckDBPyConnection,
) -> None:
    new = "select model_id, source_id from mart.changes where kind = 'model_new' order by all"
    assert named.sql(new).fetchall() == [
        ("in both", "olb_v1_contents"),
        ("rated", "reference"),
        ("scored", "olb_v2_contents"),
    ]


def test_the_counts_say_that_a_new_model_counts_once_and_that_all_editions_of_a_table_are_in_them(
    two_nights: World,
) -> None:
    counts = [
        ("arena", "model_new", 2, True),
        ("arena", "score_new", 9, True),
        ("epoch", "model_new", 1, True),
        ("epoch", "score_new", 3, True),
    ]
    load = replace(loads_of(two_nights)[0], counts=counts)
    assert load.with_editions == {"arena"}
    assert counted(load) == [
        "arena: 2 new models, 9 new scores in all dated editions (core.scores has the newest of each model) (its first load)",
        "epoch: 1 new model, 3 new scores (its first load)",
        "3 new models in all: each new model counts once, though several sources may name it: with one that scores it,"
        " else rates, lists, prices or describes it",
    ]
    assert [count["has_editions"] for count in as_json(load)["counts"]] == [True, True, False, False]


def test_with_all_every_change_is_told(two_nights: World) -> None:
    everything = loads_of(two_nights, has_all=True)
    assert [(len(load.rows), sum(n for *_, n, _ in load.counts)) for load in everything] == [
        (n, n) for (n,) in two_nights.query("select count(*) from mart.changes group by load_id order by load_id")
    ]


def test_the_last_load_of_the_cookbook_is_the_last_that_changed_anything(two_nights: World, tmp_path: Path) -> None:
    question = (resource("sql") / "queries" / "what_changed.sql").read_text(encoding="utf-8")
    copy = tmp_path / "later.duckdb"
    shutil.copy(two_nights.warehouse.database, copy)
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as con:
        second = con.execute(question).fetchall()
        assert {row[0] for row in second} >= {"leader_new", "score_restated"}
        later = "from ops.loads cross join range(3, 8) as later(load) where load_id = 2"
        con.execute(f"insert into ops.loads select * exclude (load) replace (load as load_id) {later}")
        # A description of a known model is not told, and a score that is stated again as it was has not changed.
        con.execute("insert into history.models select * replace (3 as load_id) from history.models")
        again = f"variant_id = 'gpqa_olb_v2' and source_name = '{MISTRAL}' and closed_load_id is null"
        con.execute(f"create temp table of_mistral as from history.scores where {again}")
        con.execute(f"update history.scores set closed_load_id = 4 where {again}")
        con.execute("insert into history.scores select * replace (4 as load_id) from of_mistral")
        assert con.execute(question).fetchall() == second
        con.execute(f"update history.scores set closed_load_id = 5 where {again}")
        con.execute("insert into history.scores select * replace (5 as load_id, 0 as score_raw) from of_mistral")
        [restated] = con.execute(question).fetchall()
        assert (restated[0], restated[2]) == ("score_restated", MISTRAL)
        # Nor has one that is stated in another unit.
        con.execute(f"update history.scores set closed_load_id = 6 where {again}")
        con.execute(
            "insert into history.scores select * replace (6 as load_id, 0 as score_raw, 'percent' as score_unit)"
            " from of_mistral"
        )
        assert con.execute(question).fetchall() == [restated]
        con.execute(f"update history.scores set closed_load_id = 7 where {again}")
        [(kind, _, model, *_)] = con.execute(question).fetchall()
        assert (kind, model) == ("score_withdrawn", MISTRAL)


def test_loads_are_chosen_by_their_day(two_nights: World) -> None:
    assert [load.load_id for load in loads_of(two_nights, since=date(2025, 1, 2))] == [2]
    assert [load.load_id for load in loads_of(two_nights, until=date(2025, 1, 1))] == [1]
    assert [load.load_id for load in loads_of(two_nights, newest=1)] == [2]
    assert loads_of(two_nights, since=date(2025, 1, 3)) == []


def test_of_a_load_that_nobody_compared_it_is_said_that_leaders_cannot_be_known(
    two_nights: World, empty: duckdb.DuckDBPyConnection
) -> None:
    empty.execute(f"attach '{two_nights.warehouse.database}' as published (read_only)")
    for table in ("ops.loads", "ops.load_sources"):
        empty.execute(f"insert into {table} from published.{table}")
    empty.execute("update ops.loads set is_compared = load_id = 1")
    first, second = load_changes(empty)
    unknown = "leaders, sizes, licences and names were not compared in this load: whether they changed cannot be known"
    assert unknown not in counted(first) and unknown in counted(second)


def test_what_was_judged_comes_out_of_raw_and_ledger_as_it_was_recorded(two_nights: World, tmp_path: Path) -> None:
    world = copied(two_nights.root.parent, tmp_path, two_nights.hub)
    recorded = content(world.warehouse.database)["ops.judgement_changes"]
    assert recorded[0] > 8
    world.warehouse.database.unlink()
    pipeline.rebuild(world.warehouse)
    assert content(world.warehouse.database)["ops.judgement_changes"] == recorded
    assert world.query("select bool_and(is_compared) from ops.loads") == [(True,)]


def judged(*rows: tuple[str, str, str | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_only_what_both_states_judge_can_change_but_a_leader_may_come_and_go() -> None:
    before = judged(
        ("leader", "g/open_weights", "a", 1), ("license", "m", "mit", None), ("license", "gone", "mit", None)
    )
    after = judged(
        ("leader", "h/open_weights", "b", 2), ("license", "m", "gemma", None), ("license", "new", "mit", None)
    )
    changed = changed_judgements(before, after).select("kind", "subject", "before_text", "said_text")
    assert changed.rows() == [
        ("leader", "g/open_weights", "a", None),
        ("leader", "h/open_weights", None, "b"),
        ("license", "m", "mit", "gemma"),
    ]


def test_a_leader_with_another_score_is_no_new_leader_and_a_size_by_another_method_no_new_size() -> None:
    before = judged(("leader", "g/open_weights", "a", 1), ("params_total", "m", "config", 7e9))
    after = judged(("leader", "g/open_weights", "a", 2), ("params_total", "m", "safetensors", 7e9))
    assert changed_judgements(before, after).is_empty()


def test_what_a_load_recorded_that_was_never_published_is_not_told_twice() -> None:
    recorded = [JudgementChange("license", "m", "mit", None, "gemma", None, "s", None)]
    lost = Load(2, "nightly", "published", "2025-01-02T00:00:00Z", "sample", "x", judgements=recorded)
    before = with_recorded(judged(("license", "m", "mit", None)), [lost])
    assert changed_judgements(before, judged(("license", "m", "gemma", None))).is_empty()
    back = changed_judgements(before, judged(("license", "m", "mit", None)))
    assert back.select("before_text", "said_text").rows() == [("gemma", "mit")]


def test_every_kind_of_change_has_words_and_is_listed_in_the_dictionary() -> None:
    listed = next(column.allowed for column in views()["mart.changes"].columns if column.name == "kind")
    assert set(KINDS) == set(_WORDS) == set(_SENTENCES) == set(listed)


def test_the_report_of_the_night_says_the_same(second_night: tuple[World, pipeline.Outcome]) -> None:
    world, outcome = second_night
    [of_load] = loads_of(world, since_load_id=2)
    assert outcome.changes == [of_load]
    assert markdown(of_load) in report.markdown(outcome)
    assert report.as_json(outcome)["changed"] == lines(of_load, has_links=False)
    assert any(heading == "New leaders" for heading, *_ in told(of_load))


def run(capsys: pytest.CaptureFixture[str], world: World, *arguments: str) -> str:
    code = main(["changes", "-w", str(world.warehouse.root), *arguments])
    out = capsys.readouterr()
    assert code == 0, out.err
    return out.out


def test_the_command_prints_text_json_csv_and_markdown(two_nights: World, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, two_nights)
    assert text.startswith("load 2 of 2025-01-02 03:00 UTC, nightly\n") and "load 1" not in text
    assert (
        "    bbh_measured, open: mistralai/Mistral-7B-v0.1 with 90.00 %, before mistralai/Mixtral-8x7B-v0.1 with 50.00 %\n"
        in text
    )
    assert "load 1 of 2025-01-01" in run(capsys, two_nights, "--since", "2025-01-01")
    [load] = json.loads(run(capsys, two_nights, "--format", "json", "--since", "2025-01-02"))
    assert load["load_id"] == 2 and load["changes"][0]["sentence"] in text
    table = list(csv.DictReader(io.StringIO(run(capsys, two_nights, "--format", "csv", "--all"))))
    assert [(len(table),)] == two_nights.query("select count(*) from mart.changes where load_id = 2")
    assert run(capsys, two_nights, "--format", "md").startswith("## Load 2 of 2025-01-02")
    assert run(capsys, two_nights, "--since", "2025-06-01") == "no load of these days brought news\n"


def test_days_in_the_wrong_order_are_one_line(two_nights: World, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["changes", "-w", str(two_nights.warehouse.root), "--since", "2025-01-02", "--until", "2025-01-01"])
    assert (code, capsys.readouterr().err) == (
        2,
        "leaderboard-etl: --since 2025-01-02 is after --until 2025-01-01: no load can lie between them\n",
    )


def test_text_from_data_makes_no_markup() -> None:
    row = {"kind": "name_resolved", "subject": "s: [x](https://evil) <b>", "after_text": "a*b", "before_text": None}
    load = LoadChanges(
        1,
        "nightly",
        "published",
        datetime(2025, 1, 1),
        "x",
        True,
        False,
        [],
        [row | {"source_url": "javascript:x"}],
        {"name_resolved": 1},
    )
    assert "- s: \\[x\\](https&#58;//evil) \\<b\\> means a\\*b, before no known model\n" in markdown(load)


def feed_of(world: World, as_of: date | None = None) -> bytes:
    return make_snapshot(world.warehouse, as_of, with_pictures=False)[FEED]


def test_the_feed_is_atom_with_an_entry_for_each_load_newest_first(two_nights: World) -> None:
    feed = ElementTree.fromstring(feed_of(two_nights))
    assert feed.tag == f"{{{_NS['a']}}}feed"
    for element in (feed, *feed.findall("a:entry", _NS)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", _NS)) == 1
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", element.findtext("a:id", "", _NS))
        moment = element.findtext("a:updated", "", _NS)
        assert moment.endswith("Z") and datetime.fromisoformat(moment)
    assert feed.findtext("a:author/a:name", "", _NS)
    assert "(SAMPLE)" in feed.findtext("a:title", "", _NS)
    assert [link.get("rel") for link in feed.findall("a:link", _NS)] == ["self", "alternate"]
    titles = [entry.findtext("a:title", "", _NS) for entry in feed.findall("a:entry", _NS)]
    assert [title[:10] for title in titles] == ["2025-01-02", "2025-01-01"]
    assert len({element.text for element in feed.iter(f"{{{_NS['a']}}}id")}) == 3
    assert {entry.find("a:content", _NS).get("type") for entry in feed.findall("a:entry", _NS)} == {"html"}  # type: ignore[union-attr]


def test_the_feed_of_a_day_ends_there_and_its_bytes_and_ids_stay(two_nights: World) -> None:
    now, then = feed_of(two_nights), feed_of(two_nights, date(2025, 1, 1))
    assert now == feed_of(two_nights) == feed_of(two_nights, date(2025, 1, 2))
    [entry] = ElementTree.fromstring(then).findall("a:entry", _NS)
    newest, oldest = ElementTree.fromstring(now).findall("a:entry", _NS)
    assert entry.findtext("a:id", None, _NS) == oldest.findtext("a:id", None, _NS) != newest.findtext("a:id", None, _NS)
    assert b"2025-01-02" not in then


def test_the_feed_is_in_the_manifest_and_verified(two_nights: World, tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    manifest = write_snapshot(two_nights.warehouse, folder, None)
    assert FEED in manifest["files"]
    states, comparison = verify_snapshot(two_nights.warehouse, folder)
    assert [state for state in states if state.problem] == [] and comparison.startswith("recomputed")
    (folder / FEED).write_bytes((folder / FEED).read_bytes().replace(b"Mistral", b"Mistrel"))
    assert [state.name for state in verify_snapshot(Warehouse(tmp_path), folder)[0] if state.problem] == [FEED]


def test_a_feed_that_may_be_passed_on_has_no_score_of_a_source_without_a_licence(two_nights: World) -> None:
    withheld = two_nights.query("select count(*) from mart.changes where license_id is null and after_pct is not null")
    assert withheld != [(0,)]
    loads = loads_of(two_nights, has_all=True, is_redistributable=True)
    scores = [
        row for load in loads for row in load.rows if row["after_pct"] is not None or row["before_pct"] is not None
    ]
    assert [row for row in scores if row["license_id"] is None] == []


def test_names_with_markup_and_control_characters_do_not_break_the_feed(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute("insert into ops.loads values (1, 'nightly', 'published', '2025-01-01', 'sample', 'x', null, true)")
    empty.execute("insert into ops.load_sources select 1, 's', 'loaded', null, null, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0")
    empty.execute(
        "insert into ops.drift values (1, 'policy', 'verdict', ?, 'the claim was ''a'' and is ''b'' now', false)",
        ["<script>\x00]]>&\x1b\ufffe"],
    )
    feed = ElementTree.fromstring(changes_feed(empty, date(2025, 1, 1), False))
    text = feed.findtext("a:entry/a:content", "", _NS)
    assert "&lt;script&gt;" in text and "<script>" not in text


def test_an_empty_state_has_a_feed_without_entries(empty: duckdb.DuckDBPyConnection) -> None:
    feed = ElementTree.fromstring(changes_feed(empty, date(2025, 1, 1), False))
    assert feed.findall("a:entry", _NS) == []
    assert feed.findtext("a:updated", "", _NS) == "2025-01-01T00:00:00.000000Z"


def test_the_first_night_has_leaders_and_no_other_judgement(two_nights: World) -> None:
    first = two_nights.query("select distinct kind, before_text from ops.judgement_changes where load_id = 1")
    assert first == [("leader", None)]
