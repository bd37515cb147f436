"""Request files: one submission each, whatever its outcome, and a size of zero is unknown."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sourcing import read

from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.registry import SOURCES

PATH = "org/m_eval_request_False_bfloat16_Original.json"
REQUEST = {
    "model": "org/m",
    "base_model": "",
    "revision": "main",
    "precision": "bfloat16",
    "params": 7.24,
    "architectures": "MistralForCausalLM",
    "weight_type": "Original",
    "status": "FINISHED",
    "submitted_time": "2024-06-12T10:00:00Z",
    "use_chat_template": False,
    "sender": "somebody",
}


def request(source_id: str = "olb_v2_requests", **changes: Any) -> Parsed:
    return read(source_id, json.dumps(REQUEST | changes).encode(), path=PATH)


@pytest.mark.parametrize("source_id", ["olb_v1_requests", "olb_v2_requests"])
def test_a_request_is_a_submission_and_a_claim_of_size(source_id: str) -> None:
    parsed = request(source_id)
    wanted = ["source_name", "precision", "status", "submitted_at", "has_chat_template"]
    assert parsed.submissions.select(wanted).rows() == [
        ("org/m", "bfloat16", "FINISHED", datetime(2024, 6, 12, 10), False)
    ]
    assert parsed.parameter_claims.select("kind", "method", "params").rows() == [
        ("total", "leaderboard", 7_240_000_000)
    ]


@pytest.mark.parametrize("params", [0, -1, None, "?"])
def test_a_size_unknown_to_the_leaderboard_is_null_with_its_text(params: object) -> None:
    assert request(params=params).parameter_claims.select("params", "reason").row(0) == (
        None,
        f"the request says {params}",
    )


def test_a_date_without_time_is_midnight_and_a_time_zone_is_converted_to_utc() -> None:
    assert request(submitted_time="2024-06-12").submissions["submitted_at"][0] == datetime(2024, 6, 12)
    assert request(submitted_time="2024-06-12T01:00:00+02:00").submissions["submitted_at"][0] == datetime(
        2024, 6, 11, 23
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"favourite_colour": "red"}, "file|keys"),
        ({"status": None}, "file|keys"),
        ({"model": "org/other"}, "file|name"),
        ({"submitted_time": "last week"}, "submitted_at|date"),
        ({"submitted_time": "1999-01-01"}, "submitted_at|date"),
        ({"submitted_time": "0001-01-01T00:00:00+10:00"}, "submitted_at|date"),
    ],
)
def test_a_file_that_is_not_a_request_is_quarantined(changes: dict[str, Any], rule: str) -> None:
    parsed = request(**changes)
    assert parsed.submissions.is_empty() and parsed.parameter_claims.is_empty()
    assert parsed.quarantine["rule"].to_list() == [rule]


def test_a_lone_surrogate_does_not_exclude_the_other_requests() -> None:
    assert request(architectures="Mistral\ud800").submissions["architecture"].to_list() == ["Mistral?"]


_ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.datetimes().map(str)


@example("params", 7.9e-280)
@given(st.sampled_from(sorted(REQUEST)), _ANYTHING | st.lists(_ANYTHING, max_size=2))
def test_any_value_in_place_of_a_key_is_read_or_refused(key: str, value: Any) -> None:
    parsed = request(**{key: value})
    assert parsed.submissions.height + parsed.quarantine.height == 1


def test_only_files_named_as_requests_are_wanted() -> None:
    wants = SOURCES["olb_v2_requests"].wants
    assert wants(PATH) and wants("gpt2_eval_request_False_float16_Original.json")
    assert not wants("README.md") and not wants("org/m.json")
