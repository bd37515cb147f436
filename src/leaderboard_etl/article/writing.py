"""Writes what was found into an article's source: our numbers in place of those that disagree, and proposals as comments."""

from __future__ import annotations

from leaderboard_etl.article.checking import Checked
from leaderboard_etl.article.text import Article


def rewritten(article: Article, checked: Checked) -> str:
    """The source with each number that disagrees replaced, and behind each line with a sentence that the data do not bear a
    comment with one that they do. A range of values stays as it is: only its comment says what the data bear."""
    source = article.source
    edits = [
        (number.start, number.end, number.proposal)
        for number in checked.wrong
        if number.proposal is not None
        and source[number.start : number.end] == number.text
        and "(" not in number.proposal
    ]
    for quote in checked.quotes:
        if quote.proposal is not None:
            end = source.find("\n", quote.start)
            end = len(source) if end < 0 else end
            edits.append((end, end, f" {{/* {quote.claim['claim_id']}: {quote.proposal} */}}"))
    for start, end, text in sorted(set(edits), reverse=True):
        source = source[:start] + text + source[end:]
    return source
