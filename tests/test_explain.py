"""`explain`: each value of a model or of a row of a mart with its place, and what lost against it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from faulty_hub import HubServer
from worlds import World, copied, run, v2_row, without_marts

from leaderboard_etl.commands.explain import facts_of, model_id_of
from leaderboard_etl.commands.story_text import readable
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.errors import UsageError
from leaderboard_etl.warehouse.called import called_alike


@pytest.fixture
def published(good_and_bad: Path, tmp_path: Path, server: HubServer) -> World:
    return copied(good_and_bad, tmp_path, server.url)


def test_explain_shows_where_a_score_came_from_and_which_one_the_marts_use(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "explain", "-w", published.warehouse.root, "ORG/Good-7B", "--json")
    story = json.loads(out)
    assert code == 0
    assert story["model"]["params_total"] == 7_000_000_000
    gpqa = [row for row in story["scores"] if row["variant"] == "gpqa_olb_v2"]
    assert [(row["used"], row["raw"]) for row in gpqa] == [("*", 0.5)]
    assert "data/train-00000-of-00001.parquet row 3, GPQA Raw" in gpqa[0]["place"]


def test_a_score_has_the_link_that_every_mart_and_page_gives_it(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(standing.warehouse.database), read_only=True) as con:
        given = con.execute(
            """
            select mart.place(s.source_id, s.repo_id, s.revision, s.path, s.locator), m.source_url
            from mart.model_scaling as m
            join core.scores as s on m.score_source = mart.place(s.source_id, s.repo_id, s.revision, s.path, s.locator)
            where m.model_id = 'org/model-7b'
            """
        ).fetchall()
    _, out, _ = run(capsys, "explain", "-w", standing.warehouse.root, "org/model-7b", "--json")
    story = json.loads(out)
    told = {row["place"]: row["link"] for row in story["scores"]}
    assert given and {link for _, link in given} != {None}
    assert {place.split(": ", 1)[1]: link for place, link in given}.items() <= told.items()
    pages = [row["link"] for name in ("sizes", "licences", "dates", "scores") for row in story[name]]
    assert any("/blob/" in link for link in pages if link)
    _, out, _ = run(capsys, "explain", "-w", standing.warehouse.root, "org/model-7b")
    [line] = [line for line in out.splitlines() if line.endswith(given[0][1])]
    assert re.match(r"  \[\d+\] \S+@\S{12} \S+  https://", line), "the page stands beside its file"


@pytest.mark.marts(False)
def test_explain_prints_readable_text(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.options = {"only": ("olb_v2_contents",)}
    tuned = v2_row("org/tuned-7b", 0.6, **{"Base Model": "org/good-7b", "#Params (B)": 3.5})
    world.put_v2(v2_row("org/good-7b", 0.5), tuned)
    world.night(1)
    _, out, _ = run(capsys, "explain", "-w", world.warehouse.root, "org/tuned-7b")
    told = [" ".join(line.split()) for line in out.splitlines()]
    assert "* total name 7,000,000,000 0 [1] model name" in told
    assert "half or double the size in the name" in told
    assert any(re.fullmatch(r"1 org/good-7b finetune yes \[\d+\] row \d+", line) for line in told)
    # A licence has the commit of the text that states it, and the day on which a load first read that.
    licence = r"\* apache-2.0 olb_v2_contents [0-9a-f]{12} 2025-01-01 \["
    for start in (r"\* 2024-06-01 hub_upload olb_v2_contents \[", licence):
        [place] = [re.split(start, line)[1] for line in told if re.match(start, line)]
        number, row = place.split("] ", 1)
        assert row.startswith("row ")
        assert any(line.startswith(f"[{number}] ") and line.endswith(".parquet") for line in told)
    _, out, _ = run(capsys, "explain", "-w", world.warehouse.root, "org/good-7b")
    told = [" ".join(line.split()) for line in out.splitlines()]
    assert told[told.index("finetune 1 1") + 1] == "org/tuned-7b"


def test_explain_says_which_name_a_score_came_under_and_that_policy_corrected_it(
    published: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "corrected"
    shutil.copytree(published.warehouse.root, folder)
    with duckdb.connect(str(folder / "leaderboard.duckdb")) as con:
        con.execute(
            "update core.scores set is_corrected = true, source_name = 'Good 7B Chat'"
            " where model_id = 'org/good-7b' and benchmark_id = 'gpqa'"
        )
    _, out, _ = run(capsys, "explain", "-w", folder, "org/good-7b", "gpqa")
    lines = [line.strip() for line in out.splitlines()]
    [score] = [number for number, line in enumerate(lines) if "gpqa_olb_v2" in line]
    assert "Good 7B Chat" in lines[score] and "corrected by policy/corrections.csv" in lines[score + 1 : score + 3]
    _, out, _ = run(capsys, "explain", "-w", folder, "org/good-7b", "ifeval")
    assert "named" not in out and "corrected" not in out


def test_a_size_that_policy_sets_names_the_file_that_does() -> None:
    row = {"method": "override", "params": 7, "place": "leaderboard-etl@policy parameter_overrides.csv", "link": None}
    [told] = readable([{**row, "file": row["place"]}], {})
    assert told["method"] == "set in policy/parameter_overrides.csv"
    [told] = readable([{**row, "method": "config", "params": None, "file": row["place"]}], {})
    assert told["method"] == "config"


def test_a_score_repeated_by_many_snapshots_is_printed_once_with_its_count() -> None:
    place = {"unit": "fraction", "raw": 0.864, "pct": 86.4}
    rows = [
        {"used": "*" if n == 0 else "", "variant": "mmlu_arena", **place, "file": f"table_{n}.csv", "because": None}
        | {"place": f"table_{n}.csv row {n}", "link": None}
        for n in range(73)
    ]
    other = rows[1] | {"raw": 0.8}
    seen: dict[str, int] = {}
    told = readable([*rows, other], seen)
    assert [(row["used"], row["from"]) for row in told] == [("*", "[1] row 0 and 72 equal"), ("", "[2] row 1")]
    assert seen == {"table_0.csv": 1, "table_1.csv": 2}


def test_explain_of_one_benchmark_prints_only_its_scores(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "-w", published.warehouse.root, "org/good-7b", "gpqa")
    assert code == 0 and "gpqa_olb_v2" in out and "ifeval" not in out and "Sizes" not in out
    assert any(line.split()[:2] == ["*", "gpqa_olb_v2"] for line in out.splitlines())
    code, _, err = run(capsys, "explain", "-w", published.warehouse.root, "org/good-7b", "hellaswag")
    assert code == 2 and "gpqa" in err and err.count("\n") == 1


def test_a_flag_is_shown_with_who_set_it_and_where(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    published.put_v2(v2_row("org/flagged-7b", Flagged=True))
    with without_marts():
        assert published.night(2).status == "published"
    code, out, _ = run(capsys, "explain", "-w", published.warehouse.root, "org/flagged-7b", "--json")
    [told] = json.loads(out)["flags"]
    assert (code, told["flag"], told["source"]) == (0, "flagged", "olb_v2_contents") and "row" in told["place"]
    _, out, _ = run(capsys, "explain", "-w", published.warehouse.root, "org/flagged-7b")
    assert "the table flags it, and gives no reason" in out


def test_a_benchmark_of_several_groups_is_answered_with_those_that_begin_so(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "explain", "-w", published.warehouse.root, "org/good-7b", "GPQA me")
    assert code == 2 and err.rstrip().endswith("it has: gpqa_measured")


@pytest.mark.parametrize("name", ["IFEval", "ifeval measured", "MuSR", "musr_olb_v2"])
def test_a_benchmark_may_be_written_as_people_do(
    published: World, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, out, _ = run(capsys, "explain", "-w", published.warehouse.root, "org/good-7b", name)
    assert code == 0 and re.sub(r"[\s_].*", "", name.lower()) in out


def test_explain_of_a_mart_shows_the_place_of_each_value_and_what_lost(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    published.put_v2(v2_row("org/good-7b", 0.5), v2_row("org/good-7b", 0.4, Precision="float16"))
    published.night(2)
    of = ("explain", "-w", published.warehouse.root, "--mart", "model_scaling", "--key", "ORG/good-7b")
    code, out, _ = run(capsys, *of, "--key", "gpqa")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0 and len([line for line in lines if line.startswith("comparable_group")]) == 1
    for value in ("score_pct", "params_b", "released_on"):
        place = next(line for line in lines if line.startswith(f"{value} "))
        number = re.search(r"\[(\d+)\] row \d+", place)
        assert number and any(re.match(rf"\[{number[1]}\] \S+@\w+ \S+\.parquet", line) for line in lines), place
    # That the size is the total is the column's meaning, which no place states, though evidence has the same word.
    assert next(line for line in lines if line.startswith("params_kind ")) == "params_kind total"
    scores = [line for line in lines if "gpqa_olb_v2" in line and "leaderboard" in line and "row" in line]
    assert len(scores) == 2 and scores[0].startswith("* ") and not scores[1].startswith("*")
    assert lines[lines.index(scores[0]) + 1] == "used of 2 values by the median"
    assert any(line.endswith("rows of a file count from 0, its lines from 1") for line in lines)
    assert any("leaderboard-etl explain org/good-7b" in line for line in lines)


def test_explain_of_a_mart_is_short_and_everything_needs_a_flag(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("explain", "-w", published.warehouse.root, "--mart", "model_scaling", "--key")
    code, short, _ = run(capsys, *of, "ORG/good-7b")
    assert code == 0 and len(short.splitlines()) < 70 and "What decided against the other values" not in short
    _, whole, _ = run(capsys, *of, "org/good-7b", "--all")
    assert "What decided against the other values" in whole and whole.count("mart.model_scaling") > 1
    _, out, _ = run(capsys, *of, "org/good-7b", "--json")
    [row] = json.loads(out)
    assert row["values"]["model_id"]["value"] == "org/good-7b"
    assert {each["of"] for each in row["evidence"]} >= {"scores", "sizes", "dates"}
    _, out, _ = run(capsys, *of, "org/good-7b", "--json", "--all")
    assert {row["values"]["model_id"]["value"] for row in json.loads(out)} == {"org/good-7b"} and len(
        json.loads(out)
    ) > 1


def test_explain_of_a_mart_refuses_what_it_does_not_hold(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    of = ("explain", "-w", published.warehouse.root, "--mart", "model_scaling", "--key")
    for keys in (["no such key"], ["org/good-7b", "--key", "no such key"]):
        code, _, err = run(capsys, *of, *keys)
        assert code == 2 and "no such key" in err
    code, _, err = run(capsys, *of[:4], "no_such_mart", "--key", "x")
    assert code == 2 and "model_scaling" in err
    code, _, err = run(capsys, "explain", "-w", published.warehouse.root, "org/good-7b", "--all")
    assert code == 2 and "--all belongs to --mart" in err


def test_every_mart_can_be_explained(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    keys = {}
    with duckdb.connect(str(published.warehouse.database), read_only=True) as con:
        for name in (name for name in (*tables(), *views()) if name.startswith("mart.")):
            for column, kind, *_ in con.execute(f"describe {name}").fetchall():
                [(key,)] = con.execute(f"select any_value({column}) from {name}").fetchall()
                if kind == "VARCHAR" and key:
                    keys[name] = key
    assert len(keys) > 20
    for name, key in keys.items():
        code, _, err = run(capsys, "explain", "-w", published.warehouse.root, "--mart", name, "--key", key)
        assert (code, err) == (0, ""), name


@pytest.mark.parametrize("arguments", [[], ["m", "--mart", "x", "--key", "y"], ["--mart", "x"], ["m", "--key", "y"]])
def test_explain_takes_a_model_or_a_mart_with_a_key(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "explain", "-w", tmp_path, *arguments)
    assert code == 2 and "--mart NAME with --key KEY" in err


@pytest.mark.parametrize(
    "name", ["org/good_7b", "good 7b", "Good7B", "ORG good-7b", "org/good\u20117b", "good\u20107b"]
)
def test_blanks_hyphens_and_letter_case_do_not_decide_which_model_a_name_means(
    published: World, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, out, _ = run(capsys, "explain", "-w", published.warehouse.root, name)
    assert code == 0 and "org/good-7b" in out


@pytest.mark.parametrize(
    ("name", "shown", "others"),
    [
        ("Big 2", "org/Big-2-Instruct", ["org/Big-2-Base"]),
        ("org/big-2-base", "org/Big-2-Base", []),
        ("big-2-base", "org/Big-2-Base", []),
        # The own name of a base, and what people call its tuned release: neither is chosen in silence, unless the owner is named.
        ("Giant-3-70B", "org/Giant-3-70B", ["org/Giant-3-70B-Instruct"]),
        ("org/giant-3-70b", "org/Giant-3-70B", []),
        ("Huge 4", "org/Huge-4", ["org/Huge-4-Instruct"]),
        ("Huge-4", "org/Huge-4", ["org/Huge-4-Instruct"]),
        # Without an owner an id of a vendor's model is a name like another.
        ("seek-5", "seek-5", ["seek-5-pro"]),
        ("Llama 3 70B", "meta/Meta-Llama-3-70B, meta/Meta-Llama-3-70B-Instruct", None),
        ("Giant 3 70B", "org/Giant-3-70B, org/Giant-3-70B-Instruct", None),
        # A copy is not meant by the name of what it copies.
        ("small-1", "org/Small-1", []),
        # A table calls another model by the whole id of this one.
        ("org/Tuned-9B-hf", "org/Tuned-9B-hf", []),
        # What is short for one release means it.
        ("Sonnet 3", "org/sonnet-3-20240229", []),
        # Whatever stands behind its last letter.
        ("TRAIL 6b-", "org/trail-6B_", []),
        # In whatever signs and letters it is written.
        ("trail (6b)", "org/trail-6B_", []),
        ("IZMIR 2", "org/İzmir-2", []),
        # A remark in the middle of a word.
        ("Remarkable", "org/r-1", ["org/r-2"]),
        # A word is not a part of a longer one.
        ("o1", "org/o1-2024", ["org/o1-pro"]),
    ],
)
def test_of_several_official_models_that_are_called_alike_the_others_are_named(
    name: str, shown: str, others: list[str] | None
) -> None:
    with duckdb.connect() as con:
        con.execute(
            "create schema core; create table core.model_aliases (model_id varchar, source_name varchar, method varchar)"
        )
        con.execute(
            """
            create table core.models as
            from (values
                ('org/Big-2-Instruct', 'Big 2', 'official'),
                ('org/Big-2-Base', 'Big-2-Base', 'official'),
                ('somebody/Big-2-merge', 'Big-2-merge', 'merge'),
                ('org/Giant-3-70B-Instruct', 'Giant 3 70B', 'official'),
                ('org/Giant-3-70B', 'Giant 3 70B base', 'official'),
                ('meta/Meta-Llama-3-70B-Instruct', 'Llama 3 70B', 'official'),
                ('meta/Meta-Llama-3-70B', 'Meta-Llama-3-70B', 'official'),
                ('org/sonnet-3-20240229', 'Sonnet 3 (February)', 'official'),
                ('org/Huge-4', 'Huge 4 base', 'official'),
                ('org/Huge-4-Instruct', 'Huge 4 Instruct', 'official'),
                ('org/Small-1', 'Small', 'official'),
                ('copier/Small-1', 'copier/Small-1', 'fine_tune'),
                ('org/o1-2024', 'o1', 'official'),
                ('org/o1-pro', 'o1 pro', 'official'),
                ('seek-5', 'Seek 5', 'official'),
                ('seek-5-pro', 'Seek 5 pro', 'official'),
                ('org/OLMo-1B', 'OLMo-1B', 'official'),
                ('org/trail-6B_', 'Trail (6B)', 'merge'),
                ('org/İzmir-2', 'İzmir', 'merge'),
                ('org/r-1', 'Remarkable', 'official'),
                ('org/r-2', 'Remark(2)able pro', 'official'),
                ('org/Tuned-9B-hf', 'Tuned 9B base', 'official'),
                ('org/Tuned-9B-chat-hf', 'Tuned 9B', 'official')
            ) as m(model_id, display_name, population)
            """
        )
        con.execute("insert into core.model_aliases values ('org/Tuned-9B-chat-hf', 'org/Tuned-9B-hf', 'alias')")
        if others is None:
            with pytest.raises(UsageError, match=f"is several models, so give one of these: {shown}$"):
                model_id_of(con, name)
            return
        model_id = model_id_of(con, name)
        assert (model_id, called_alike(con, name, model_id)) == (shown, others)


def test_each_of_several_models_is_told_its_own_names(published: World) -> None:
    published.put_v2(v2_row("org/good-7b", 0.5), v2_row("org/other-7b", 0.4, **{"Hub License": "mit"}))
    with without_marts():
        published.night(2)
    with duckdb.connect(str(published.warehouse.database), read_only=True) as con:
        told = {model: facts_of(con, model, None) for model in ("org/good-7b", "org/other-7b")}
    for model, facts in told.items():
        assert {row["name"] for row in facts["names"]} == {model}
    assert [[row["text"] for row in facts["licences"]] for facts in told.values()] == [["apache-2.0"], ["mit"]]


def test_an_unknown_model_names_the_nearest_ones(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "explain", "-w", published.warehouse.root, "org/goood-7b")
    assert code == 2 and "org/good-7b" in err


def test_a_withdrawal_is_a_column_only_where_one_is_known() -> None:
    def columns(*days: str | None) -> list[str]:
        prices = [{"provider": f"p{n}", "withdrawn_on": day, "withdrawn_url": day} for n, day in enumerate(days)]
        return list(readable(prices, {})[0])

    assert columns(None, None) == ["provider"]
    assert columns(None, "2025-09-29") == ["provider", "withdrawn_on", "withdrawn_url"]
