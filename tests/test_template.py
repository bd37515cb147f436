"""The example source: what its rows become, and what becomes of rows that cannot be read."""

from __future__ import annotations

import pytest
from sourcing import read_as

from leaderboard_etl.errors import ContractError
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.template import SOURCE

HEADER = "model,accuracy,license\n"


def table(rows: str, header: str = HEADER) -> Parsed:
    return read_as(SOURCE, (header + rows).encode(), path="results.csv")


def test_a_row_is_a_score_and_a_statement_about_its_model() -> None:
    parsed = table("org/model,0.41,mit\n")
    assert parsed.scores.select("source_name", "variant_id", "score_raw", "score_unit").rows() == [
        ("org/model", SOURCE.variants[0], 0.41, "fraction")
    ]
    assert parsed.models.select("hub_id", "license_text").rows() == [("org/model", "mit")]


def test_a_cell_that_is_not_a_number_is_quarantined_with_its_text() -> None:
    parsed = table("org/model,about half,mit\n")
    assert parsed.quarantine.select("rule", "offending_text").rows() == [("score_raw|number", "about half")]
    assert parsed.scores.is_empty()


def test_an_unknown_column_holds_the_table_for_it_would_be_misread() -> None:
    with pytest.raises(ContractError, match="subset"):
        table("org/model,0.41,mit,x\n", header="model,accuracy,license,subset\n")
