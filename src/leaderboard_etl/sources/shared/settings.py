"""The setting of a run that the model's name states: reasoning effort, thinking budget.

Sources that test one model at several settings write them behind the name: `GPT-5 (high)`, `Claude-4.6-Sonnet(Thinking)`,
`claude-opus-4-20250514-thinking-10k`. A bare word behind it (`gpt-5.1-high`, `Kimi-K2-Thinking`) is a setting or a part of the
model's own name: only the model that the name means tells which.
"""

from __future__ import annotations

import re

NO_SETTING = "n/a"
_WORD = r"(?:minimal|low|medium|high|x-?high|max|thinking|reasoning|non-?reasoning|no[- ]thinking|extended[- ]thinking)"
_EFFORT = rf"{_WORD}(?:[ ,-]*(?:effort|budget|{_WORD}|\d{{1,3}}k(?: tokens)?))*|\d{{1,3}}k(?: thinking| tokens)?"
_IN_BRACKETS = re.compile(rf"\(({_EFFORT})\)", re.IGNORECASE)
# A name that merely ends in `thinking` may be a model of its own (Kimi-K2-Thinking).
_BEHIND = re.compile(
    r"(?:-(thinking-\d{1,3}k|thinking-disabled|(?:low|medium|high)-reasoning-effort)|, ?((?:extended )?thinking))$",
    re.IGNORECASE,
)
_BARE = re.compile(rf"-((?:{_WORD}|instant)(?:-\d{{1,3}}k)?)$", re.IGNORECASE)


def stated_setting(name: str) -> str | None:
    """The setting that a model's name states, in lower case with single blanks; null if it states none."""
    match = _IN_BRACKETS.search(name) or _BEHIND.search(name)
    return None if match is None else _as_written(str(match[match.lastindex or 1]))


def setting_of_model(name: str, model_id: str) -> str | None:
    """The setting that a name states if it means the model `model_id`: also a bare word behind the name, if the model's own name
    does not have it. Null if it states none; a name that leads nowhere is its own model and so states no bare word."""
    bare = _BARE.search(name)
    if stated_setting(name) is not None or bare is None:
        return stated_setting(name)
    is_own = set(_words(bare[1])) & set(_words(model_id))
    return None if is_own else _as_written(bare[1])


def _as_written(setting: str) -> str:
    return re.sub(r"[\s,-]+", " ", setting.lower()).replace("non reasoning", "no reasoning")


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9.]+", name.lower())
