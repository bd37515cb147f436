"""Arena tables: four headers, free-text cells, and no score that a later table overwrites."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from sourcing import POLICY, landed, read
from worlds import World

from leaderboard_etl.commands.evidence import QUERIES, evidence_rows, read_model
from leaderboard_etl.normalize.identity import resolve_names
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.registry import SOURCES

pytestmark = pytest.mark.marts(False)

NEW = "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link"
LATEST = "leaderboard_table_20250505.csv"
VICUNA = "https://huggingface.co/lmsys/vicuna-13b-v1.3"


def table(*lines: str, path: str = LATEST) -> Parsed:
    return read("arena", ("\n".join(lines) + "\n").encode(), path=path)


def test_a_row_is_two_scores_and_a_model_with_the_tables_date_as_its_run() -> None:
    parsed = table(NEW, "gpt-4-0314,GPT-4-0314,8.96,0.864,2021/9,Proprietary,OpenAI,https://openai.com/research/gpt-4")
    wanted = ["source_name", "variant_id", "score_raw", "score_unit", "run_id", "reported_by"]
    assert parsed.scores.select(wanted).sort("variant_id").rows() == [
        ("gpt-4-0314", "mmlu_arena", 0.864, "fraction", "2025-05-05", "arena"),
        ("gpt-4-0314", "mt_bench_arena", 8.96, "points_10", "2025-05-05", "arena"),
    ]
    assert parsed.models.select("openness", "license_text", "organization", "hub_id").row(0) == (
        "proprietary",
        "Proprietary",
        "OpenAI",
        None,
    )


def test_a_dash_is_neither_a_score_nor_a_licence() -> None:
    parsed = table(NEW, "m,M,-,-,-,-,-,-")
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()
    assert parsed.models.select("openness", "license_text", "organization").row(0) == (None, None, None)


def test_every_header_of_the_years_is_read() -> None:
    rows = {
        "Model,MT-bench (win rate %),MT-bench (score),Arena Elo rating,MMLU,License,Link": "M,50,7,1000,0.5,MIT,-",
        "Model,MT-bench (score),Arena Elo rating,MMLU,License,Link": "M,7,1000,0.5,MIT,-",
        "key,Model,MT-bench (score),MMLU,License,Organization,Link": "m,M,7,0.5,MIT,Org,-",
        NEW: "m,M,7,0.5,2023/1,MIT,Org,-",
    }
    for header, row in rows.items():
        assert sorted(table(header, row).scores["score_raw"]) == [0.5, 7.0], header


def test_an_unknown_header_quarantines_only_that_table() -> None:
    parsed = table("Model,Vibes", "M,9")
    assert parsed.quarantine.select("rule", "target").rows() == [("file|header", "file")]
    assert "Vibes" in parsed.quarantine["reason"][0]


def test_a_model_without_a_key_is_named_by_its_link_because_display_names_change() -> None:
    parsed = table(
        "Model,MT-bench (score),Arena Elo rating,MMLU,License,Link",
        f"Vicuna-13B,6,1000,-,Non-commercial,{VICUNA}",
        "Claude-1,7,1000,-,Proprietary,https://www.anthropic.com",
        path="leaderboard_table_20230717.csv",
    )
    assert parsed.models["source_name"].to_list() == ["lmsys/vicuna-13b-v1.3", "Claude-1"]
    assert parsed.models["hub_id"].to_list() == ["lmsys/vicuna-13b-v1.3", None]


def test_a_cell_that_is_not_a_number_or_out_of_range_is_quarantined_with_its_text() -> None:
    parsed = table(NEW, "m,M,about 7,86.4,2023/1,MIT,Org,-")
    assert parsed.scores.is_empty()
    assert sorted(parsed.quarantine.select("rule", "offending_text").rows()) == [
        ("score_raw|number", "about 7"),
        ("score_raw|range", "mmlu_arena = 86.4 fraction"),
    ]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = "\ufeff" + NEW + "\r\n" + "m,M,7,0.5,2023/1,MIT,Org,-\r\n"
    assert read("arena", text.encode(), path=LATEST).scores.height == 2


def test_a_row_with_too_few_cells_is_quarantined_and_the_others_stay() -> None:
    parsed = table(NEW, "m,M,7", "n,N,8,0.6,2023/1,MIT,Org,-")
    assert parsed.quarantine.select("rule", "offending_text", "locator").rows() == [("row|width", "m,M,7", "row 0")]
    assert set(parsed.scores["source_name"]) == {"n"}


def test_a_locator_leads_to_the_cell() -> None:
    parsed = table(NEW, "m,M,7,-,2023/1,MIT,Org,-")
    assert parsed.scores.select("locator", "path").row(0) == ("row 0, MT-bench (score)", LATEST)


def test_an_identical_row_counts_once_and_a_differing_one_is_refused() -> None:
    row = "yi-34b-chat,Yi-34B-Chat,-,0.735,2023/6,Yi License,01 AI,https://huggingface.co/01-ai/Yi-34B-Chat"
    same = table(NEW, row, row)
    assert (same.scores.height, same.models.height, same.quarantine.height, same.source_rows) == (1, 1, 0, 2)
    other = table(NEW, row, row.replace("0.735", "0.8"))
    assert other.scores["score_raw"].to_list() == [0.735]
    assert other.quarantine.select("rule", "target", "locator").sort("target").rows() == [
        ("key|unique", "models", "row 1"),
        ("key|unique", "scores", "row 1, MMLU"),
    ]


@pytest.mark.parametrize(("cell", "score"), [('"8,2"', 8.2), ('"8,25"', 8.25), ("8.2", 8.2), (" 8.2 ", 8.2)])
def test_a_decimal_comma_is_read_if_it_is_unambiguous(cell: str, score: float) -> None:
    parsed = table(NEW, f"m,M,{cell},0.5,2023/1,MIT,Org,-")
    assert parsed.scores.filter(pl.col("variant_id") == "mt_bench_arena")["score_raw"].to_list() == [score]


@pytest.mark.parametrize("cell", ['"8,200"', '"1,234,5"', '"8,2.5"', '",5"'])
def test_a_comma_that_may_separate_thousands_is_quarantined_with_its_text(cell: str) -> None:
    parsed = table(NEW, f"m,M,{cell},-,2023/1,MIT,Org,-")
    assert parsed.scores.is_empty() and parsed.quarantine["offending_text"].to_list() == [cell.strip('"')]


def test_a_fraction_with_a_comma_is_read_with_any_number_of_digits() -> None:
    assert table(NEW, 'm,M,-,"0,861",2023/1,MIT,Org,-').scores["score_raw"].to_list() == [0.861]


def test_a_new_column_is_reported_and_holds_back_only_that_table() -> None:
    new = landed(f"{NEW},Arena Score\na,A,8,0.7,2024/1,MIT,Acme,-,1300\n".encode(), "leaderboard_table_20250701.csv")
    old = landed(f"{NEW}\na,A,8,0.7,2024/1,MIT,Acme,-\n".encode(), LATEST)
    parsed = SOURCES["arena"].parse([new, old], POLICY)
    assert set(parsed.scores["path"]) == {LATEST} and parsed.quarantine["rule"].to_list() == ["file|header"]
    assert [(d.kind, d.subject, d.is_held) for d in parsed.drift] == [
        ("unknown_columns", "leaderboard_table_20250701.csv", False)
    ]
    assert "Arena Score" in parsed.drift[0].message


def test_a_git_lfs_pointer_in_place_of_a_table_is_reported_as_one() -> None:
    parsed = table("version https://git-lfs.github.com/spec/v1", "oid sha256:" + "0" * 64, "size 12345")
    assert parsed.quarantine.select("rule", "target").rows() == [("file|lfs_pointer", "file")]


def test_a_blank_at_the_end_of_a_key_is_ignored() -> None:
    assert table(NEW, "spaced-key ,Spaced Model,8,-,2024/11,MIT,Acme,-").scores["source_name"].to_list() == [
        "spaced-key"
    ]


def test_a_code_name_and_an_undated_alias_stay_separate_models() -> None:
    names = ["chocolate", "grok-3-preview-02-24", "mistral-large-latest", "mistral-large-2402"]
    parsed = table(NEW, *[f"{name},{name},9.1,0.861,2024/11,Proprietary,xAI,https://x.ai" for name in names])
    scored = parsed.scores.select("source_id", "source_name")
    found = resolve_names(parsed.models, scored, POLICY.frame("model_aliases"))
    assert found["model_id"].n_unique() == len(names)
    method = dict(found.select("source_name", "method").iter_rows())
    assert method["chocolate"] == method["mistral-large-latest"] == "unresolved"


def test_core_holds_of_each_score_the_newest_table_that_has_it_and_history_holds_all(world: World) -> None:
    world.options = {"only": ("arena", "olb_v2_contents")}
    folder = "spaces/lmarena-ai/chatbot-arena-leaderboard"
    link = "https://huggingface.co/org/model-3b"
    tables = {"20240101": {"gone": 0.5, "kept": 0.5}, "20240201": {"kept": 0.6}, "20250505": {"kept": 0.7}}
    for day, scores in tables.items():
        lines = [f"{name},M,,{score},x,MIT,Org,{link if name == 'kept' else '-'}" for name, score in scores.items()]
        world.put(f"{folder}/leaderboard_table_{day}.csv", "\n".join([NEW, *lines, ""]).encode())
    assert world.night().status == "published"
    current = "select source_name, score_pct, run_id from core.scores where source_id = 'arena' order by all"
    assert world.query(current) == [("gone", 50.0, "2024-01-01"), ("kept", 70.0, "2025-05-05")]
    assert world.query("select count(*) from history.scores where source_id = 'arena'") == [(4,)]
    # The oldest table says that the model was there.
    dated = "select released_on::varchar, released_on_method from core.models where model_id = 'org/model-3b'"
    assert world.query(dated) == [("2024-01-01", "first_score")]

    def used(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
        read_model(con, "org/model-3b")
        rows = evidence_rows(con, QUERIES["dates"], {"model": "org/model-3b"})
        return [
            (str(row["date"]), row["kind"], row["place"].split("/")[-1].split(" ", 1)[-1])
            for row in rows
            if row["chosen"]
        ]

    named = [("2024-01-01", "first_score", "leaderboard_table_20240101.csv row 1, MMLU")]
    world.warehouse.database.chmod(0o644)
    with duckdb.connect(str(world.warehouse.database)) as con:
        assert used(con) == named
        # Also where a correction says that the score of a name is of another model.
        con.execute("update core.model_aliases set model_id = 'org/tuned' where source_name = 'kept'")
        assert used(con) == named
