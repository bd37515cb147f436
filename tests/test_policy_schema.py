"""The policy CSVs fit their schema, and a fault is reported with its file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard_etl.cli import main
from leaderboard_etl.commands.policy import data_licenses_page, index_page
from leaderboard_etl.commands.sources_page import sources_page
from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.policy.checking import expect_sound_policy, faults
from leaderboard_etl.policy.schema import policy_tables, tasks

POLICY = read_policy()
ROOT = Path(__file__).parents[1]


def changed(name: str, old: str, new: str) -> Policy:
    text = POLICY.texts[name].decode()
    assert old in text
    return Policy({**POLICY.texts, name: text.replace(old, new, 1).encode()})


def test_every_policy_csv_has_a_description_and_fits_it() -> None:
    assert faults(POLICY) == []
    assert set(POLICY.texts) == set(policy_tables())


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "families",
            "family",
            "famly",
            "policy/families.csv, line 1, column famly: unknown column; perhaps family",
        ),
        ("families", ",family", "", "policy/families.csv, line 2: 3 cells where the header has 2"),
        ("import_days", "reason,", "cause,", "line 1, column cause: unknown column"),
        ("families", "^meta-llama/Llama-2-", "^meta-llama/(Llama-2-", "line 2, column model_id_pattern"),
        ("parameter_overrides", ",total,", ",totl,", "'totl' is not one of active, total; perhaps 'total' is meant"),
        ("parameter_overrides", "111000000000", "111B", "column params: '111B' is not of type bigint"),
        ("reference_models", "2023-11-02", "2 Nov 2023", "column released_on: '2 Nov 2023' is not of type date"),
        ("model_licenses", ",llama3.1,", ",lama3.1,", "'lama3.1' is not in policy/licenses.csv"),
        ("tracked_models", "https://", "see ", "is not a link"),
        ("tracked_models", "prism-ml/Ternary-Bonsai-27B-gguf,", "google/gemma-4-12B-it,", "occurs more than once"),
        ("comparable_groups", ",false,", ",no,", "'no' is not of type boolean"),
        ("tracked_models", "google/gemma-4-12B-it,", ",", "column model_id: the cell is blank"),
    ],
)
def test_a_fault_is_reported_with_its_file_line_column_and_a_suggestion(
    name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(PolicyError) as error:
        expect_sound_policy(changed(name, old, new))
    assert str(error.value).startswith(f"policy/{name}.csv")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("https://example.com/benchmark-image", "example.com is reserved for examples"),
        ("https://data.example.org/scores", "reserved for examples"),
        ("http://localhost.test/x", "reserved for examples"),
        ("https://www.deepseek.com/", "it names a host"),
        ("https://www.deepseek.com", "it names a host"),
        ("https://goo.gle/GeminiV1-5", "the page that the shortened link leads to"),
        ("https://t.co/abc", "the page that the shortened link leads to"),
    ],
)
def test_a_link_that_cannot_be_a_source_is_refused(link: str, said: str) -> None:
    with pytest.raises(PolicyError) as error:
        expect_sound_policy(changed("tracked_models", "https://huggingface.co/prism-ml/Ternary-Bonsai-27B-gguf", link))
    assert "column source_url" in str(error.value) and said in str(error.value)


@pytest.mark.parametrize(
    "link", ["https://openai.com/index/hello-gpt-4o/", "https://host.org/?page=1", "https://examples.org/a"]
)
def test_a_link_to_a_page_is_accepted(link: str) -> None:
    expect_sound_policy(changed("tracked_models", "https://huggingface.co/prism-ml/Ternary-Bonsai-27B-gguf", link))


def test_an_unknown_missing_or_malformed_csv_is_reported_too() -> None:
    texts = dict(POLICY.texts)
    texts["familys"] = texts.pop("families")
    texts["corrections"] = b"a,b\n1,2,3,4\n"
    said = [str(fault) for fault in faults(Policy(texts))]
    assert any(
        s.startswith("policy/familys.csv: sql/policy does not describe this table; perhaps policy/families.csv")
        for s in said
    )
    assert any(s.startswith("policy/families.csv: the pipeline needs it") for s in said)
    assert any(s.startswith("policy/corrections.csv") for s in said)


@pytest.mark.parametrize(
    "job", ["release date", "wrong size", "licence", "new name", "new benchmark", "new claim", "warning"]
)
def test_every_correction_has_one_place(job: str) -> None:
    assert len({table.name for found, table, _ in tasks() if job in found and "one model" not in found}) == 1


def test_the_generated_pages_are_up_to_date() -> None:
    pages = {"docs/policy.md": index_page, "docs/sources.md": sources_page, "LICENSE-DATA.md": data_licenses_page}
    stale = [page for page, text in pages.items() if (ROOT / page).read_text(encoding="utf-8") != text()]
    assert stale == [], f"{', '.join(stale)} are generated and are not up to date: run `make docs`"


def test_the_command_shows_columns_and_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "policy.families"]) == 0
    assert "Regular expression on the model id" in capsys.readouterr().out
    assert main(["policy", "check"]) == 0
    assert "fit sql/policy" in capsys.readouterr().out
    assert main(["policy", "tasks"]) == 0
    assert "a wrong release date" in capsys.readouterr().out
