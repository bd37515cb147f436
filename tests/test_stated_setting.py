"""The setting that a model's name states: effort and budget behind the name, and nothing that merely looks so."""

from __future__ import annotations

import pytest

from leaderboard_etl.sources.shared.settings import setting_of_model, stated_setting


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


@pytest.mark.parametrize(
    ("name", "model_id", "setting"),
    [
        ("claude-opus-4-6-thinking", "anthropic/claude-opus-4-6", "thinking"),
        ("gpt-5.1-high", "openai/gpt-5.1-2025-11-13", "high"),
        ("deepseek-v3.2-exp-thinking", "deepseek-ai/DeepSeek-V3.2-Exp", "thinking"),
        ("kimi-k2.5-instant", "moonshotai/Kimi-K2.5", "instant"),
        ("claude-opus-4-5-20251101-high-32k", "anthropic/claude-opus-4-5-20251101", "high 32k"),
        ("grok-4-1-fast-non-reasoning", "xai/grok-4.1-fast", "no reasoning"),
        ("claude-opus-4-5-20251101-thinking-32k", "anthropic/claude-opus-4-5-20251101", "thinking 32k"),
        # The word is a part of the model's own name.
        ("qwen3-next-80b-a3b-thinking", "Qwen/Qwen3-Next-80B-A3B-Thinking", None),
        ("kimi-k2-thinking-turbo", "moonshotai/Kimi-K2-Thinking", None),
        ("qwen3-235b-a22b-thinking-2507", "Qwen/Qwen3-235B-A22B-Thinking-2507", None),
        ("mistral-medium", "mistralai/mistral-medium-2312", None),
        # A name that leads nowhere is its own model.
        ("grok-4.1-thinking", "grok-4.1-thinking", None),
        ("gpt-5.2", "openai/gpt-5.2-2025-12-11", None),
    ],
)
def test_a_bare_word_behind_a_name_is_a_setting_if_the_models_own_name_lacks_it(
    name: str, model_id: str, setting: str | None
) -> None:
    assert setting_of_model(name, model_id) == setting
