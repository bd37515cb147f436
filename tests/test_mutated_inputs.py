"""No damaged file breaks a parser: a few of each kind here, any number with tests/reliability/mutated_inputs.py."""

from __future__ import annotations

import json

import pytest
from reliability.mutated_inputs import DAMAGES, INPUTS, Input, damaged, outcome
from sourcing import read

from leaderboard_etl.sources.registry import SOURCES


def test_every_source_has_inputs_to_damage_that_can_be_read_undamaged() -> None:
    assert {given.source_id for given in INPUTS} == set(SOURCES)
    assert {given.path for given in INPUTS if outcome(given, given.content) != ("read", "")} == set()


@pytest.mark.parametrize("given", [each for each in INPUTS if not each.is_slow], ids=lambda each: each.path[-30:])
def test_a_damaged_file_is_read_or_refused(given: Input) -> None:
    broken = [
        (kind, why)
        for kind in DAMAGES
        for content in damaged(given, kind, 3, seed=0)
        if (why := outcome(given, content)[1])
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("source_id", "path"),
    [
        ("olb_v2_requests", "org/m_eval_request_False_bfloat16_Original.json"),
        ("olb_v2_results", "org/m/results_2024-07-01T00-00-00.0.json"),
        ("model_cards", "config.json"),
        ("eval_results", "@api/eval_results.json"),
    ],
)
def test_half_a_character_is_invalid_utf_8_and_refused_once(source_id: str, path: str) -> None:
    content = json.dumps({"model": "org/m", "results": {"t?": {"acc": 0.5}}}).encode()
    parsed = read(source_id, content.replace(b"?", b"\xed\xa0\x80"), path=path)
    assert parsed.quarantine.height == 1 and "utf-8" in parsed.quarantine["reason"][0]
