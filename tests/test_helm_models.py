"""HELM's model metadata as rows of policy: what a curated row says stays, and a date or size that the name belies is left out."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from sourcing import POLICY

from leaderboard_etl.errors import UsageError
from leaderboard_etl.importers.dates import agrees_with_name
from leaderboard_etl.importers.helm_models import MARK, import_models
from leaderboard_etl.policy import Policy

METADATA = b"""
models:
  - {name: google/gemini-3-pro-preview, display_name: Gemini 3 Pro (Preview), creator_organization_name: Google, access: limited,
     release_date: 2025-11-18, tags: [TEXT_MODEL_TAG, INSTRUCTION_FOLLOWING_MODEL_TAG]}
  - {name: mistralai/mistral-small-2402, display_name: Mistral Small (2402), access: limited, release_date: 2023-02-26}
  - {name: writer/palmyra-x, display_name: Palmyra X (43B), creator_organization_name: Writer, access: limited,
     num_parameters: 43000000000, release_date: 2023-06-11}
  - {name: upstage/solar-pro-241126, display_name: Solar Pro, access: limited,
     num_parameters: 22000000000, release_date: 2024-11-26}
  - {name: openai/ada, display_name: ada (350M), access: limited, num_parameters: 350000000, release_date: 2020-05-28}
  - {name: allenai/olmo-7b, display_name: OLMo (7B), access: open, num_parameters: 7000000000, release: 2024-02-01}
  - {name: marin-community/marin-8b-instruct, display_name: Marin 8B Instruct, access: open, num_parameters: 32200000000,
     release_date: 2025-01-01}
  - {name: moonshotai/kimi-k2-instruct, display_name: Kimi K2 Instruct, access: open, release_date: 2024-07-14}
  - {name: nobody/asked-for-it, display_name: Nobody, access: open, release_date: 2025-01-02}
"""
# The table without the rows of an import before.
CURATED = POLICY.text_frame("reference_models").filter(~pl.col("note").str.starts_with(MARK).fill_null(False))
BEFORE = Policy({**POLICY.texts, "reference_models": CURATED.write_csv().encode()})


def rows(policy: Policy = BEFORE, known: tuple[str, ...] = ()) -> dict[str, dict[str, str | None]]:
    table = import_models(METADATA, "v9", policy, known).table
    return {row["model_id"]: row for row in table.iter_rows(named=True) if (row["note"] or "").startswith(MARK)}


def test_a_model_that_an_alias_leads_to_gets_a_row_with_its_link_and_others_none() -> None:
    assert set(rows()) == {
        *(
            "google/gemini-3-pro-preview",
            "mistralai/mistral-small-2402",
            "writer/palmyra-x",
            "upstage/solar-pro-241126",
            "openai/ada",
        ),
        *("allenai/OLMo-7B", "marin-community/marin-8b-instruct"),
    }
    row = rows()["google/gemini-3-pro-preview"]
    assert (row["openness"], row["tuning"], row["released_on"]) == ("proprietary", "instruct", "2025-11-18")
    assert rows()["allenai/OLMo-7B"]["released_on"] == "2024-02-01", "some of HELM's entries call it release"
    assert row["released_on_url"] == "https://github.com/stanford-crfm/helm/blob/v9/src/helm/config/model_metadata.yaml"


def test_what_a_person_curated_or_another_source_knows_stays() -> None:
    imported = import_models(METADATA, "v9", BEFORE, ["writer/palmyra-x"])
    assert imported.table.head(CURATED.height).equals(CURATED)
    assert "writer/palmyra-x" not in imported.table["model_id"].to_list()
    [kimi] = imported.table.filter(pl.col("model_id") == "moonshotai/Kimi-K2-Instruct")["released_on"].to_list()
    assert kimi == "2025-07-11", "HELM dates it a year early"


def test_another_run_gives_the_same_table() -> None:
    once = import_models(METADATA, "v9", BEFORE, []).table
    after = Policy({**POLICY.texts, "reference_models": once.write_csv().encode()})
    assert import_models(METADATA, "v9", after, []).table.equals(once)
    # By the next edition a night has loaded what was imported, and other sources have it, too.
    assert import_models(METADATA, "v9", after, [name.lower() for name in once["model_id"]]).table.equals(once)


def test_a_date_that_the_name_belies_or_that_is_a_year_alone_is_left_out_and_said() -> None:
    imported = import_models(METADATA, "v9", BEFORE, [])
    assert rows()["mistralai/mistral-small-2402"]["released_on"] is None
    assert rows()["marin-community/marin-8b-instruct"]["released_on"] is None
    assert any("mistral-small-2402: released on 2023-02-26" in what for what in imported.left_out)


def test_a_size_counts_unless_the_name_has_another_and_of_a_proprietary_model_only_if_the_name_has_the_same() -> None:
    assert rows()["allenai/OLMo-7B"]["params_total"] == "7000000000"
    assert rows()["marin-community/marin-8b-instruct"]["params_total"] is None, "its name says 8B"
    assert rows()["writer/palmyra-x"]["params_total"] == "43000000000"
    assert (rows()["writer/palmyra-x"]["params_url"] or "").endswith("model_metadata.yaml")
    assert rows()["openai/ada"]["params_total"] == "350000000", "names of small models state millions"
    assert rows()["upstage/solar-pro-241126"]["params_total"] is None, "neither weights nor a name bear it out"
    left_out = import_models(METADATA, "v9", BEFORE, []).left_out
    assert any(
        what.startswith("upstage/solar-pro-241126: 22 billion parameters, but it is not open") for what in left_out
    )


@pytest.mark.parametrize(
    ("day", "name", "agrees"),
    [
        ("2025-04-14", "openai/gpt-4.1-2025-04-14", True),
        ("2024-04-09", "openai/gpt-4o-2024-08-06", False),
        ("2024-11-26", "upstage/solar-pro-241126", True),
        ("2024-02-26", "mistralai/mistral-large-2402", True),
        ("2023-02-26", "mistralai/mistral-large-2402", False),
        ("2025-01-20", "allenai/olmoe-1b-7b-0125-instruct", True),
        ("2025-07-09", "xai/grok-4-0709", True),
        ("2025-04-17", "google/gemini-2.5-flash-preview-04-17", True),
        ("2024-01-25", "openai/gpt-3.5-turbo-1106", False),
        ("2024-07-14", "moonshotai/kimi-k2-instruct", None),
    ],
)
def test_a_date_is_held_against_the_name(day: str, name: str, agrees: bool | None) -> None:
    assert agrees_with_name(date.fromisoformat(day), name) is agrees


@pytest.mark.parametrize("content", [b"models: 3", b"- a", b"models: [{name: a}]", b"{", b"\xff\xfe"])
def test_another_file_is_refused_in_a_line(content: bytes) -> None:
    with pytest.raises(UsageError, match="file"):
        import_models(content, "v9", BEFORE, [])
