"""Epoch AI's own runs: what its tables become in policy, what the source reads from there, and what the policy of today holds."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from sourcing import POLICY, read

from leaderboard_etl.errors import ContractError, UsageError
from leaderboard_etl.importers.epoch_runs import INDEX, MARK, Imported, import_runs, split_version
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.epoch import SOURCE, TABLE

HEADER = (
    "Model version,mean_score,Best score (across scorers),Release date,Organization,stderr,Log viewer,Started at,id\n"
)
RUNS = (
    HEADER
    + """made-up-3_32K,0.8737,0.8737,2026-02-17,Made Up,0.02,https://logs.epoch.ai/a,2026-02-20T17:51:37.062Z,aaa
made-up-3,0.81,0.81,2026-02-17,Made Up,0.02,https://logs.epoch.ai/b,2026-02-21T00:00:00.000Z,bbb
host/open-9,0.876,0.876,2026-01-27,"Open Lab,Others",,,,ccc
gpt-4-0613,0.3065,0.3065,2023-06-13,OpenAI,0.02,https://logs.epoch.ai/d,2025-01-27T00:00:00.000Z,ddd
blank-1,0.7,0.7,2026-01-01,Blank,0.02,https://logs.epoch.ai/e,2026-01-02T00:00:00.000Z,eee
nobody-1,0.5,0.5,2026-01-01,Nobody,0.02,https://logs.epoch.ai/f,2026-01-02T00:00:00.000Z,fff
broken-1,87.5,87.5,2026-01-01,Broken,0.02,https://logs.epoch.ai/g,2026-01-02T00:00:00.000Z,ggg
"""
)
TOLD = """Model version,ECI Score,Model name,Model accessibility
made-up-3_32K,150,Made Up 3,API access
made-up-3,,Made Up 3,
host/open-9,149,Open 9,Open weights (restricted use)
blank-1,,Blank 1,
"""
ALIASES = """epoch,made-up-3,made/made-up-3,The same name,https://epoch.ai/benchmarks
epoch,host/open-9,open-lab/Open-9,The host's name,https://epoch.ai/benchmarks
epoch,blank-1,blank/blank-1,The same name,https://epoch.ai/benchmarks
"""
# Policy as it stands without what an import before wrote.
BEFORE = Policy(
    {
        **POLICY.texts,
        TABLE: POLICY.text_frame(TABLE).clear().write_csv().encode(),
        "reference_models": POLICY.text_frame("reference_models")
        .filter(~pl.col("note").str.starts_with(MARK).fill_null(False))
        .write_csv()
        .encode(),
        "model_aliases": POLICY.texts["model_aliases"] + ALIASES.encode(),
    }
)


def imported(policy: Policy = BEFORE, runs: str = RUNS, **files: str) -> Imported:
    tables = {"gpqa_diamond.csv": runs, INDEX: TOLD} | {f"{name}.csv": text for name, text in files.items()}
    return import_runs({name: text.encode() for name, text in tables.items()}, policy)


def models(result: Imported) -> dict[str, dict[str, str | None]]:
    return {row["model_id"]: row for row in result.models.iter_rows(named=True) if (row["note"] or "").startswith(MARK)}


# The importer


@pytest.mark.parametrize(
    ("version", "name", "setting"),
    [
        ("claude-opus-4-6_64K", "claude-opus-4-6", "64K"),
        ("gpt-5.2-2025-12-11_xhigh", "gpt-5.2-2025-12-11", "xhigh"),
        ("gemini-2.5-pro", "gemini-2.5-pro", None),
        ("Llama_3_8B", "Llama_3_8B", None),
    ],
)
def test_a_version_is_a_name_and_the_setting_behind_it(version: str, name: str, setting: str | None) -> None:
    assert split_version(version) == (name, setting)


def test_a_run_is_a_row_with_its_log_its_setting_and_its_day() -> None:
    rows = {row["run_id"]: row for row in imported().runs.iter_rows(named=True)}
    assert rows["aaa"] == {
        "run_id": "aaa",
        "variant_id": "gpqa_diamond_epoch",
        "source_name": "made-up-3",
        "setting": "32K",
        "score_raw": "0.8737",
        "stderr_raw": "0.02",
        "evaluated_on": "2026-02-20",
        "source_url": "https://logs.epoch.ai/a",
    }
    assert rows["bbb"]["setting"] is None
    unstated = [rows["ccc"][column] for column in ("stderr_raw", "evaluated_on", "source_url")]
    assert unstated == [None, None, "https://epoch.ai/benchmarks"], "a run whose day and log are blank is a run"


def test_what_others_measured_is_not_read() -> None:
    with_external = imported(mmlu_external=HEADER + RUNS.splitlines()[1])
    assert with_external.runs.equals(imported().runs)


def test_a_new_model_gets_a_row_with_what_epoch_ai_states_of_it() -> None:
    rows = models(imported())
    assert set(rows) == {"made/made-up-3", "open-lab/Open-9"}, "gpt-4-0613 is curated, two others are not known enough"
    closed, opened = rows["made/made-up-3"], rows["open-lab/Open-9"]
    assert (closed["openness"], closed["released_on"], closed["display_name"]) == (
        "proprietary",
        "2026-02-17",
        "Made Up 3",
    )
    assert (opened["openness"], opened["organization"], opened["license"]) == ("open_weights", "Open Lab", None)
    assert closed["released_on_url"] == "https://epoch.ai/benchmarks"


def test_a_model_of_unstated_openness_and_a_name_that_leads_nowhere_are_told() -> None:
    result = imported()
    assert "nobody-1" in result.runs["source_name"].to_list(), "the name stands among the unresolved ones"
    assert [what.partition(":")[0] for what in result.left_out] == [
        "gpqa_diamond.csv",
        "broken-1 does not lead to a model",
        "nobody-1 does not lead to a model",
        "blank/blank-1",
    ]


def test_a_score_that_is_no_fraction_is_left_out() -> None:
    assert "ggg" not in imported().runs["run_id"].to_list()


def test_a_date_that_the_name_belies_is_left_out() -> None:
    policy = Policy(
        BEFORE.texts
        | {
            "model_aliases": BEFORE.texts["model_aliases"]
            + b"epoch,m-2024-01-05,made/m,Same,https://epoch.ai/benchmarks\n"
        }
    )
    runs = (
        HEADER + "m-2024-01-05,0.5,0.5,2026-01-05,Made Up,0.02,https://logs.epoch.ai/a,2026-02-20T00:00:00.000Z,aaa\n"
    )
    index = TOLD + "m-2024-01-05,,M,API access\n"
    result = imported(policy, runs, epoch_capabilities_index=index)
    assert models(result)["made/m"]["released_on"] is None
    assert any("2026-01-05, but its name has another date" in what for what in result.left_out)


def test_another_run_of_the_importer_gives_the_same_tables() -> None:
    once = imported()
    again = imported(
        Policy(
            BEFORE.texts
            | {
                TABLE: once.runs.write_csv().encode(),
                "reference_models": once.models.write_csv().encode(),
                "reference_review": once.review.write_csv().encode(),
            }
        )
    )
    assert again.runs.equals(once.runs) and again.models.equals(once.models) and again.review.equals(once.review)
    assert once.review.height == BEFORE.text_frame("reference_review").height + 2


def test_a_new_edition_takes_the_place_of_the_one_before() -> None:
    before = imported()
    policy = Policy(BEFORE.texts | {TABLE: before.runs.write_csv().encode()})
    after = imported(policy, HEADER + RUNS.splitlines()[1])
    assert after.runs["run_id"].to_list() == ["aaa"]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"gpqa_diamond.csv": RUNS},
        {INDEX: TOLD},
        {"gpqa_diamond.csv": "a,b\n1,2\n", INDEX: TOLD},
        {"gpqa_diamond.csv": "", INDEX: TOLD},
    ],
)
def test_another_folder_is_refused_in_a_line(files: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        import_runs({name: text.encode() for name, text in files.items()}, BEFORE)
    assert "\n" not in str(caught.value)


# The source


def test_a_row_is_a_score_of_a_third_party_with_its_error_and_day() -> None:
    parsed = read("epoch", imported().runs.write_csv().encode(), path=f"{TABLE}.csv")
    assert parsed.quarantine.is_empty() and parsed.scores.height == 6
    [row] = parsed.scores.filter(pl.col("run_id") == "aaa").iter_rows(named=True)
    told = {
        name: row[name] for name in ("source_name", "setting", "score_raw", "score_unit", "stderr_raw", "evaluated_on")
    }
    assert told == {
        "source_name": "made-up-3",
        "setting": "32K",
        "score_raw": 0.8737,
        "score_unit": "fraction",
        "stderr_raw": 0.02,
        "evaluated_on": date(2026, 2, 20),
    }
    assert (row["reported_by"], row["is_verified"]) == ("third_party", True)
    settings = dict(parsed.scores.select("run_id", "setting").iter_rows())
    assert settings["bbb"] == "n/a"


def test_a_score_beyond_its_scale_is_quarantined_and_other_columns_hold_the_file() -> None:
    table = imported().runs.with_columns(pl.lit("1.5").alias("score_raw"))
    parsed = read("epoch", table.head(1).write_csv().encode(), path=f"{TABLE}.csv")
    assert parsed.scores.is_empty() and parsed.quarantine.height == 1
    with pytest.raises(ContractError, match="setting"):
        read("epoch", table.drop("setting").write_csv().encode(), path=f"{TABLE}.csv")


# The policy of today


def test_both_sides_are_in_the_group_and_reach_the_same_month() -> None:
    runs = POLICY.frame(TABLE).filter(pl.col("variant_id") == "gpqa_diamond_epoch")
    aliases = dict(
        POLICY.frame("model_aliases").filter(pl.col("source_id") == "epoch")["source_name", "model_id"].rows()
    )
    known = POLICY.frame("reference_models").select("model_id", "openness", "released_on")
    named = runs.with_columns(pl.col("source_name").replace(aliases).alias("model_id")).join(known, on="model_id")
    newest = named.group_by("openness").agg(pl.col("released_on").max(), pl.col("model_id").n_unique())
    assert {side: (day[:7], n > 30) for side, day, n in newest.iter_rows()} == {
        "open_weights": ("2026-02", True),
        "proprietary": ("2026-02", True),
    }


def test_each_name_leads_to_a_model_but_for_one_that_stood_for_several() -> None:
    aliases = POLICY.frame("model_aliases").filter(pl.col("source_id").is_in(["*", "epoch"]))
    known = set(aliases["source_name"]) | set(POLICY.frame("reference_models")["model_id"])
    assert set(POLICY.frame(TABLE)["source_name"]) - known == {"open-mistral-7b"}


def test_a_run_stands_in_one_place() -> None:
    """The curated rows took Epoch AI's runs from an older copy of the same tables."""
    logs = POLICY.frame("reference_scores").with_columns(
        pl.col("source_url").str.extract(r"%2F(\w+)\.eval", 1).alias("run")
    )
    assert logs.join(POLICY.frame(TABLE), left_on="run", right_on="run_id", how="semi").is_empty()


def test_every_setting_of_the_runs_has_a_place_among_the_efforts() -> None:
    patterns = POLICY.frame("settings")["setting_pattern"].to_list()
    for setting in POLICY.frame(TABLE)["setting"].drop_nulls().unique():
        assert any(pl.Series([setting]).str.contains(pattern).item() for pattern in patterns), setting


def test_the_source_reads_its_policy_table_alone() -> None:
    assert SOURCE.wants("epoch_runs.csv") and not SOURCE.wants("reference_scores.csv")
