"""The setting of a run that the model's name states: reasoning effort, thinking budget.

Sources that test one model at several settings write them behind the name: `GPT-5 (high)`, `Claude-4.6-Sonnet(Thinking)`,
`claude-opus-4-20250514-thinking-10k`.
"""

from __future__ import annotations

import re

NO_SETTING = "n/a"
_WORD = r"(?:minimal|low|medium|high|x-?high|max|thinking|reasoning|non-?reasoning|no[- ]thinking|extended[- ]thinking)"
_EFFORT = rf"{_WORD}(?:[ ,-]*(?:effort|budget|{_WORD}|\d{{1,3}}k(?: tokens)?))*|\d{{1,3}}k(?: thinking| tokens)?"
_IN_BRACKETS = re.compile(rf"\(({_EFFORT})\)", re.IGNORECASE)
# A name that merely ends in `thinking` is a model of its own (Kimi-K2-Thinking).
_BEHIND = re.compile(
    r"(?:-(thinking-\d{1,3}k|thinking-disabled|(?:low|medium|high)-reasoning-effort)|, ?((?:extended )?thinking))$",
    re.IGNORECASE,
)


def stated_setting(name: str) -> str | None:
    """The setting that a model's name states, in lower case with single blanks; null if it states none."""
    match = _IN_BRACKETS.search(name) or _BEHIND.search(name)
    return (
        None
        if match is None
        else re.sub(r"[\s,-]+", " ", str(match[match.lastindex or 1]).lower()).replace("non reasoning", "no reasoning")
    )
