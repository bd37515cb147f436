"""The setting that a model's name states: effort and budget behind the name, and nothing that merely looks so."""

from __future__ import annotations

import pytest

from leaderboard_etl.sources.shared.settings import stated_setting


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("GPT-5 (high)", "high"),
        ("Claude-4.6-Sonnet(Thinking)", "thinking"),
        ("Claude 4 Opus 20250514, extended thinking", "extended thinking"),
        ("claude-opus-4-20250514-thinking-10k", "thinking 10k"),
        ("Claude 3.7 Sonnet (16K)", "16k"),
        ("Grok 4.1 Fast (Non-reasoning)", "no reasoning"),
        ("o3-2025-04-16-high-reasoning-effort", "high reasoning effort"),
        ("gemini-2.5-flash-thinking-disabled", "thinking disabled"),
        ("GPT-4o (2024-05-13)", None),
        ("Llama 3.1 Instruct Turbo (405B)", None),
        ("Mixtral 8x7B 32K seqlen", None),
        ("Phi-4-reasoning", None),
        ("Kimi-K2-Thinking", None),
        ("MPT-Instruct (30B)", None),
    ],
)
def test_a_setting_is_what_stands_behind_the_name(name: str, setting: str | None) -> None:
    assert stated_setting(name) == setting
