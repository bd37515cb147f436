"""What news changes in core is what judging everything again would change."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from worlds import story

from leaderboard_etl import engine, pipeline
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.options import options_for
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse import build, core, replaced
from leaderboard_etl.warehouse.history import policy_texts
from leaderboard_etl.warehouse.judgements import changed_judgements, judgements
from leaderboard_etl.warehouse.marts import keep_views
from leaderboard_etl.warehouse.past import judge_past, make_marts, past_core, touched_models
from leaderboard_etl.warehouse.reached import names_reached

CORE = [name for name, table in tables().items() if table.schema == "core"]
OF_CORE = {name: f"from {name}" for name in CORE}
OF_KEPT = {name: f"from {name}" for name in kept_views()}
# Each row of these follows from a model.
BY_MODEL = {name: view.query for name, view in kept_views().items() if view.row_by is not None}
CHART = "mart.model_scaling"
N_NIGHTS = 6
Change = Callable[["Nights"], None]


class Nights:
    """Rows of history that one night after another closes and opens, in place of a fold."""

    def __init__(self, con: duckdb.DuckDBPyConnection, seed: int) -> None:
        self.con, self.random = con, random.Random(seed)
        self.waiting: list[Change] = []
        self.last_load_id: int = con.execute("select max(load_id) from ops.loads").fetchall()[0][0]

    def night(self) -> None:
        self.last_load_id += 1
        columns = {"load_id": str(self.last_load_id), "as_of_at": self._at}
        loaded = (columns.get(column.name, column.name) for column in tables()["ops.loads"].columns)
        self.con.execute(f"insert into ops.loads select {', '.join(loaded)} from ops.loads where load_id = 1")
        for _ in range(self.random.randrange(1, 6)):
            # Each kind of change comes before any comes again.
            self.waiting = self.waiting or self.random.sample(CHANGES, len(CHANGES))
            self.waiting.pop()(self)

    @property
    def _at(self) -> str:
        return f"timestamp '2099-01-01' + interval {self.last_load_id} day"

    def some(self, table: str, n_rows: int, condition: str = "valid_to is null") -> list[int]:
        rows = self.con.execute(f"select rowid from history.{table} where {condition} order by all").fetchall()
        return [row[0] for row in self.random.sample(rows, min(n_rows, len(rows)))]

    def name(self) -> str:
        """A name that some source uses, as SQL."""
        names = self.con.execute("select distinct source_name from history.models order by all").fetchall()
        return "'" + str(self.random.choice(names)[0]).replace("'", "''") + "'"

    def close(self, table: str, rows: list[int]) -> None:
        self.con.execute(
            f"update history.{table} set valid_to = {self._at}, closed_load_id = {self.last_load_id}"
            " where valid_to is null and list_contains(?, rowid)",
            [rows],
        )

    def reopen(self, table: str, rows: list[int], **changed: str) -> None:
        """Opens rows like these with other values, given as SQL."""
        changed |= {
            "load_id": f"{self.last_load_id}",
            "closed_load_id": "null",
            "valid_from": self._at,
            "valid_to": "null",
        }
        columns = [changed.get(column.name, column.name) for column in tables()[f"history.{table}"].columns]
        self.con.execute(
            f"insert into history.{table} select {', '.join(columns)} from history.{table} where list_contains(?, rowid)",
            [rows],
        )

    def restate(self, table: str, n_rows: int, condition: str = "true", **changed: str) -> None:
        rows = self.some(table, n_rows, f"valid_to is null and {condition}")
        self.close(table, rows)
        self.reopen(table, rows, **changed)


def _gone(nights: Nights) -> None:
    name = nights.name()
    for table in ("models", "parameter_claims", "model_bases", "scores", "submissions"):
        nights.close(table, nights.some(table, 10**6, f"valid_to is null and source_name = {name}"))


def _added(nights: Nights) -> None:
    ending = nights.random.choice(["-GPTQ", "-4bit", "-Instruct", "-chat", "-v9"])
    for table in ("models", "scores", "submissions"):
        nights.reopen(table, nights.some(table, 2), source_name=f"source_name || '{ending}'")


def _other_facts(nights: Nights) -> None:
    facts = [
        {"tuning": "'base'"},
        {"openness": "'proprietary'"},
        {"is_merge": "true"},
        {"is_flagged": "true"},
        {"architecture": "'MixtralForCausalLM'"},
        {"license_text": "'mit'"},
        {"created_at": "timestamp '2022-03-02'"},
        {"weight_type": "'Adapter'"},
    ]
    nights.restate("models", 3, **nights.random.choice(facts))


def _card_later(nights: Nights) -> None:
    has_none = "valid_to is null and source_name not in (select source_name from history.models where source_id = 'model_cards')"
    card = {"source_id": "'model_cards'", "license_text": "'apache-2.0'", "base_model_text": nights.name()}
    nights.reopen("models", nights.some("models", 1, has_none), **card)


def _stated_again(nights: Nights) -> None:
    withdrawn = "source_name not in (select source_name from history.scores where valid_to is null)"
    nights.reopen("scores", nights.some("scores", 5, withdrawn))


def _rescored(nights: Nights) -> None:
    setting = f"'{nights.last_load_id}k'"
    nights.restate("scores", 20, score_raw="0.9 * score_raw", evaluated_on="evaluated_on - 300", setting=setting)
    nights.close("scores", nights.some("scores", 5))


def _otherwise_based(nights: Nights) -> None:
    nights.restate("models", 2, base_model_text=nights.name())
    relation = nights.random.choice(["'merge'", "'finetune'", "'quantized'", "'adapter'"])
    nights.restate("model_bases", 2, base_model_text=nights.name(), relation=relation)


def _other_bases(nights: Nights) -> None:
    # Evidence of this method stands in the place of the base's.
    is_base = "source_name in (select source_name from core.parameter_evidence where method = 'base_model')"
    nights.restate("parameter_claims", 20, is_base, params="3 * params")
    nights.restate("models", 10, is_base, architecture="'MixtralForCausalLM'", is_moe="true", family="'Foo'")


CHANGES: list[Change] = [
    _gone,
    _added,
    _other_facts,
    _card_later,
    _stated_again,
    _rescored,
    _otherwise_based,
    _other_bases,
    lambda nights: nights.restate("models", 1, hub_id=nights.name()),
    lambda nights: nights.restate("models", 2, display_name=nights.name()),
    lambda nights: nights.restate("parameter_claims", 3, params="2 * params"),
    lambda nights: nights.close("measurements", nights.some("measurements", 50)),
    lambda nights: nights.restate("ratings", 3, rating="rating + 1"),
    lambda nights: nights.restate("prices", 3, input_usd_per_mtok="input_usd_per_mtok + 1"),
    lambda nights: nights.reopen("model_bases", nights.some("model_bases", 1, "valid_to is not null")),
]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of a night on the sample, without the analyses, which core does not read."""
    with pytest.MonkeyPatch.context() as patch, options_for(tmp_path_factory.mktemp("news"), "sample") as options:
        patch.setattr(build, "build_marts", lambda *_, **__: None)
        assert pipeline.run_night(options, story()).status in ("published", "degraded")
        return options.warehouse.database


@pytest.fixture
def con(sample: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(sample.read_bytes())
    with engine.open_to_write(copy) as con:
        yield con


def facts(con: duckdb.DuckDBPyConnection, queries: Mapping[str, str] = OF_CORE) -> dict[str, Any]:
    """How many rows each table of core, or each of the queries by name, has, and what they say together."""
    return {
        name: con.execute(f"select count(*), sum(hash(t)::hugeint) from ({query}) as t").fetchall()[0]
        for name, query in queries.items()
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_core_after_news_is_core_made_whole(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    nights = Nights(con, seed)
    for _ in range(N_NIGHTS):
        before = nights.last_load_id
        nights.night()
        core.update_core(con, before)
        updated = facts(con)
        con.execute("begin")
        for name in CORE:
            con.execute(f"delete from {name}")
        core.build_core(con)
        whole = facts(con)
        con.rollback()
        assert {name: said for name, said in updated.items() if said != whole[name]} == {}


def test_a_name_is_reached_whose_lower_case_the_engine_spells_otherwise(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "insert into core.model_aliases select * replace ('org/İ' as source_name) from core.model_aliases limit 1"
    )
    changed = pl.DataFrame({"source_id": ["model_cards"], "source_name": ["org/İ".lower()]})
    assert con.execute("select lower('org/İ') <> ?", ["org/İ".lower()]).fetchall() == [(True,)]
    names = names_reached(con, changed, 10**6, Policy(policy_texts(con)))
    assert "org/İ" in names["source_name"]


def test_what_the_models_judged_anew_tell_is_all_that_the_night_changed_in_judgements_and_in_rows_of_models(
    con: duckdb.DuckDBPyConnection,
) -> None:
    nights = Nights(con, 8)
    keep_views(con)
    kinds: set[str] = set()
    before_of_all = judgements(con, None)
    for _ in range(2 * N_NIGHTS):
        before_load_id = nights.last_load_id
        con.execute("begin")
        nights.night()
        judged = core.update_core(con, before_load_id)
        keep_views(con, judged=judged)
        kept, made = facts(con, {name: f"from {name}" for name in BY_MODEL}), facts(con, BY_MODEL)
        now_of_them, now_of_all = judgements(con, judged), judgements(con, None)
        con.rollback()
        of_them = changed_judgements(judgements(con, judged), now_of_them)
        of_all = changed_judgements(before_of_all, now_of_all)
        assert of_them.equals(of_all)
        assert kept == made
        assert now_of_them.height < now_of_all.height
        kinds.update(of_all["kind"])
    assert kinds == {"leader", "license", "name", "params_active", "params_total"}


# Of the nights of seed 4 both cases judge the reached names. Two kept nights leave the first three days and the last one to that;
# with none kept the two days between are judged so, too. Where other code judged, all names are judged, whichever day it is.
@pytest.mark.parametrize(
    ("seed", "n_kept", "is_same_code", "asked"),
    [
        (3, N_NIGHTS, True, range(N_NIGHTS)),
        (4, 2, True, range(N_NIGHTS)),
        (4, 0, True, (3, 4)),
        (5, N_NIGHTS, False, (0, 2, 5)),
    ],
)
def test_core_and_kept_views_of_a_past_day_are_those_made_of_the_loads_until_then(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    n_kept: int,
    is_same_code: bool,
    asked: Collection[int],
) -> None:
    monkeypatch.setattr(replaced, "_MOST_KEPT_NIGHTS", n_kept)
    nights, whole, n_asked_one_by_one = Nights(con, seed), {}, 0
    for number in range(N_NIGHTS):
        before = nights.last_load_id
        nights.night()
        core.update_core(con, before)
        keep_views(con)
        if number in asked:
            whole[number] = facts(con, OF_CORE | OF_KEPT)
    con.execute("checkpoint")
    with engine.in_memory() as asking:
        con.close()
        engine.attach(asking, tmp_path / "copy.duckdb", "published")
        moments = asking.execute(
            "select as_of_at from published.ops.loads where load_id > 1 order by load_id"
        ).fetchall()
        for number, expected in whole.items():
            [at] = moments[number]
            engine.attach_to_write(asking, None, "judged")
            with engine.within(asking, "judged"):
                judge_past(asking, "published", at, is_same_code=is_same_code)
                how = {name for (name,) in asking.execute("select table_name from duckdb_tables()").fetchall()}
            # Of the last day nothing was replaced; of the first one the night after it.
            of_kept_nights = [moment for (moment,) in moments[:-1]][max(N_NIGHTS - 1 - n_kept, 0) :] if n_kept else []
            assert ("oldest_replaced" in how) == (is_same_code and at in of_kept_nights)
            of_core = past_core(asking, "published", "judged")
            touched = touched_models(asking, "published", "judged")
            assert touched is None or "oldest_replaced" in how
            n_asked_one_by_one += touched is not None
            engine.attach_to_write(asking, None, "made")
            with engine.within(asking, "made"):
                make_marts(asking, "published", at.date(), of_core, OF_KEPT, is_same_code=is_same_code, touched=touched)
            found = facts(asking, of_core | {name: f"from made.{name}" for name in OF_KEPT})
            assert {name: said for name, said in found.items() if said != expected[name]} == {}, at
            asking.execute("detach made")
            # Alone it is made from the scores of touched models; where none are known, one day stands for all.
            if touched is not None or number == min(asked):
                engine.attach_to_write(asking, None, "alone")
                with engine.within(asking, "alone"):
                    make_marts(
                        asking, "published", at.date(), of_core, [CHART], is_same_code=is_same_code, touched=touched
                    )
                assert facts(asking, {CHART: f"from alone.{CHART}"})[CHART] == expected[CHART]
                asking.execute("detach alone")
            asking.execute("detach judged")
    assert n_asked_one_by_one > 0 or n_kept < N_NIGHTS or not is_same_code


def test_under_other_policy_all_names_are_judged_by_that_of_the_day(con: duckdb.DuckDBPyConnection) -> None:
    nights = Nights(con, 5)
    expected = facts(con)
    nights.night()
    at = con.execute("select as_of_at from ops.loads where load_id = 1").fetchall()[0][0]
    name = con.execute("select current_database()").fetchall()[0][0]
    nights.restate(
        "policy_files", 1, "name = 'official_organizations'", content="split_part(content, chr(10), 1) || chr(10)"
    )
    for table in CORE:
        con.execute(f"delete from {table}")
    core.build_core(con)
    assert facts(con) != expected
    engine.attach_to_write(con, None, "judged")
    with engine.within(con, "judged"):
        judge_past(con, name, at, is_same_code=True)
    assert facts(con, past_core(con, name, "judged")) == expected


def test_nights_that_judge_many_names_anew_are_forgotten_with_all_before_them(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_rows = {1: 5, 2: 1, 3: 30, 4: 2, 5: 3}
    for load_id, n in n_rows.items():
        con.execute(
            "insert into ops.replaced_rows select ?, 'model', 'm' || i, '[]' from range(?) as r(i)", [load_id, n]
        )

    def left(most_rows: int) -> list[int]:
        monkeypatch.setattr(replaced, "_MOST_KEPT_ROWS", most_rows)
        replaced.forget_oldest(con)
        kept = con.execute("select distinct until_load_id from ops.replaced_rows order by all").fetchall()
        return [load_id for (load_id,) in kept]

    assert left(41) == [1, 2, 3, 4, 5]
    assert left(35) == [3, 4, 5]
    assert left(34) == [4, 5]
    assert left(2) == []
