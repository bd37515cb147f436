"""Plain hyphens in the place of others that pages and cards print in names (GPT‑4o, MMLU–Pro), and people copy from there."""

import re

# Those at which a line does not break, and a dash between two letters; one between numbers or words is no hyphen.
_HYPHEN = re.compile(r"[\u2010\u2011]|(?<=[^\W\d_])[\u2012\u2013\u2212](?=[^\W\d_])")


def plain_hyphens(text: str) -> str:
    """The text with plain hyphens, each in the place of another."""
    return text if text.isascii() else _HYPHEN.sub("-", text)
