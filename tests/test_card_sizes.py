"""Sizes in a card's text are read only from unambiguous phrases, and never from a card that states two sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_etl.sources.model_cards.sizes import stated_sizes


@pytest.mark.parametrize(
    ("line", "total", "active"),
    [
        ("- Parameters: 141B", 141e9, None),  # alpindale/WizardLM-2-8x22B
        ("* **Model size**: 7B", 7e9, None),  # cyberagent/calm2-7b-chat
        ("| Total Parameters | 6.7B |", 6.7e9, None),  # LLM360/Amber
        ("- Number of Parameters: 235B in total and 22B activated", 235e9, 22e9),  # Qwen/Qwen3-235B-A22B
        ("The model size: 350 million parameters.", 350e6, None),
        ("7.24B params", 7.24e9, None),
    ],
)
def test_clear_phrases_are_read(line: str, total: float, active: float | None) -> None:
    found = stated_sizes(f"# A model\n\n{line}\n\nMore words.")
    assert found[:2] == (total, active) and found[2] is not None


@pytest.mark.parametrize(
    "text",
    [
        "This is a 7B model with few parameters.",
        "Model size: 4.37 GB",
        "Number of Parameters (Non-Embedding): 6.53B",
        "Parameters: 7B tokens",
        "Parameters: 7B and 13B",
        "Parameters: 0B",
        "| Parameters | 7B | 13B |",
        "Parameters: 7B\nParameters: 13B",
    ],
)
def test_an_ambiguous_phrase_is_not_read_as_a_size(text: str) -> None:
    assert stated_sizes(text) == (None, None, None)


@given(st.text(alphabet="parmets :7B.|*-\nodlizi", max_size=80))
def test_no_text_raises_and_a_size_has_its_line(text: str) -> None:
    total, active, line = stated_sizes(text)
    assert (total is None) == (line is None) and (active is None or total is None or 0 < active < total)
