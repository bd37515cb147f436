"""Writes what was found into an article's source: our numbers in place of those that disagree, and proposals as comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard_etl.article.checking import Checked
from leaderboard_etl.article.text import Article
from leaderboard_etl.printable import one_line


def rewritten(article: Article, checked: Checked) -> str:
    """The source with each number that disagrees replaced, and behind each line with a sentence that the data do not bear a
    comment with one that they do. A range of values stays as it is, and so does a number in whose place the data bear several, or
    that has marks or entities inside: a comment names what they bear."""
    source = article.source
    edits = [
        (number.start, number.end, number.proposal)
        for number in checked.wrong
        if number.proposal is not None
        and source[number.start : number.end] == number.text
        and "(" not in number.proposal
    ]
    comments = [
        (number.start, f"{number.printed_id}: {'; or '.join(_told(row) for row in (number.ours, *number.others))}")
        for number in checked.wrong
        if number.ours is not None and (number.proposal is None or source[number.start : number.end] != number.text)
    ]
    comments += [
        (quote.start, f"{quote.claim['claim_id']}: {quote.proposal}")
        for quote in checked.quotes
        if quote.proposal is not None
    ]
    for start, said in comments:
        end = source.find("\n", start)
        end = len(source) if end < 0 else end
        # Names are data: what would end the comment does not.
        comment = f" {{/* {one_line(said).replace('*/', '* /')} */}}"
        if comment not in source[start:end]:
            edits.append((end, end, comment))
    for start, end, text in sorted(set(edits), reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _told(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.6g}, {row['about']}"
