"""What the warehouse says of an article: of each number that it prints, and of each sentence that is one of the claims."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard_etl.article.names import Named, names_in, owners
from leaderboard_etl.article.numbers import half_digit, printed_value, tolerance, written_like
from leaderboard_etl.article.text import Article, Cell, Shown

AGREES, DISAGREES, NOT_MEASURABLE = "agrees", "disagrees", "not measurable"
# Columns of the article's table of architectures, by a word of their heading.
_COLUMNS = (("total", "params_total_b"), ("active", "params_active_b"), ("mmlu", "mmlu_pct"), ("cost", "cost_relative"))
_PUNCTUATION = frozenset(".,;:!?\"'“”‘’")
# Templates print citations as names and a year in parentheses.
_CITATION = re.compile(r"\s*\([^()]*\b(?:19|20)\d\d[a-z]?\)")
# A number that stands by itself: not a part of a name such as GPT-4 or 8x7B, not a year, and not an address at arXiv.
_NUMBER = re.compile(
    r"(?<![\w.,/^{_-])(?!(?:19|20)\d\d\b)(?!\d{4}\.\d{4,5})\d[\d,]*(?:\.\d+)?"
    r"(?:\s?(?:[-–]\s?\d[\d.,]*)?(?:%|x|×|B|GB|k|M)?)(?![\w-])"
)


@dataclass(frozen=True)
class Printed:
    """One printed number beside ours. `start` and `end` are its place in the source, `ours` is the row of mart.article_numbers;
    null: the warehouse has no such number. `proposal` is what the data bear instead; null: it agrees, nothing is known, or the
    data bear several. `others` are, where it disagrees, the further rows that it may be; `reason` is why nothing can be said of a
    score."""

    printed_id: str
    text: str
    sentence: str
    start: int
    end: int
    verdict: str
    ours: Mapping[str, Any] | None
    proposal: str | None
    others: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Quote:
    """A claim whose words the article has, at the place `start` of the source, with its row of mart.paper_claims. `proposal` is a
    sentence that the data bear; null: the claim holds, or nothing is measured."""

    start: int
    claim: Mapping[str, Any]
    proposal: str | None


@dataclass(frozen=True)
class Unknown:
    """A number that is none of those that the warehouse is asked about."""

    text: str
    sentence: str
    start: int


@dataclass(frozen=True)
class Checked:
    """What was found in an article, in the order of its source."""

    numbers: tuple[Printed, ...]
    quotes: tuple[Quote, ...]
    unknown: tuple[Unknown, ...]

    @property
    def wrong(self) -> tuple[Printed, ...]:
        """The printed numbers that disagree with the warehouse."""
        return tuple(number for number in self.numbers if number.verdict == DISAGREES)


def check_article(
    article: Article,
    patterns: Sequence[Mapping[str, Any]],
    names: Sequence[Mapping[str, Any]],
    ours: Mapping[str, Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    rewrites: Mapping[str, str],
    scores: Sequence[Printed] = (),
) -> Checked:
    """Compares an article with a warehouse.

    `patterns` are the rows of policy/article_numbers, `names` those of policy/article_names, `ours` those of
    mart.article_numbers by number_id, `claims` those of mart.paper_claims, and `rewrites` the sentences of policy/claims that
    the data may bear, by claim_id. `scores` are the judged scores that it states; one that is also another number is that one.
    """
    by_kind = {kind: [row for row in names if row["kind"] == kind] for kind in ("benchmark", "model")}
    numbers = [*_in_sentences(article, patterns, by_kind, ours), *_in_tables(article, by_kind["model"], ours)]
    taken = {offset for number in numbers for offset in range(number.start, number.end)}
    numbers += [score for score in scores if taken.isdisjoint(range(score.start, score.end))]
    return Checked(
        tuple(sorted(numbers, key=lambda number: number.start)),
        tuple(sorted(_quotes(article, claims, rewrites), key=lambda quote: quote.start)),
        tuple(_unknown(article, numbers, names)),
    )


def _in_sentences(
    article: Article,
    patterns: Sequence[Mapping[str, Any]],
    names: Mapping[str, Sequence[Mapping[str, Any]]],
    ours: Mapping[str, Mapping[str, Any]],
) -> Iterator[Printed]:
    for sentence in article.sentences:
        found = {kind: names_in(sentence.text, rows) for kind, rows in names.items()}
        for pattern in patterns:
            if re.search(pattern["sentence_has"], sentence.text, re.IGNORECASE) is None:
                continue
            matches = list(re.finditer(pattern["printed"], sentence.text, re.IGNORECASE))
            if pattern["about"] is None:
                about: Sequence[Sequence[Named] | None] = [None] * len(matches)
            else:
                about = owners(found[pattern["about"]], [match.span() for match in matches])
            for match, named in zip(matches, about, strict=True):
                compared = _compared(pattern, match, sentence, named, ours)
                # The gap in a sentence that names models may be that between these.
                is_of_others = pattern["about"] == "benchmark" and found["model"]
                if compared is not None and not (is_of_others and compared.verdict == DISAGREES):
                    yield compared


def _compared(
    pattern: Mapping[str, Any],
    match: re.Match[str],
    sentence: Shown,
    named: Sequence[Named] | None,
    ours: Mapping[str, Mapping[str, Any]],
) -> Printed | None:
    """One printed number beside ours; null if nothing can be said of it, because it may belong to several names and agrees with
    none, or to a name of which nothing is known."""
    groups = match.groupdict()
    first = "n" if groups["n"] is not None else "n2"
    last = "m" if groups.get("m") else first
    low, high = groups[first], groups[last]
    start, end = match.start(first), match.end(last)
    paths = [""] if named is None else [path for name in named for path in name.paths]
    number_ids = [number_id.format(name=path) for path in paths for number_id in pattern["number_ids"].split()]
    candidates = [ours[name] for name in number_ids if name in ours and ours[name]["value"] is not None]
    agreeing = [row for row in candidates if _agrees(pattern["agrees_if"], low, high, row)]
    if named is not None and (not paths or (len(named) > 1 and not agreeing)):
        return None
    told = next(iter(agreeing or candidates), None)
    verdict = NOT_MEASURABLE if told is None else AGREES if agreeing else DISAGREES
    wrong_for = candidates if verdict == DISAGREES else []
    borne = {_in_our_words(pattern["agrees_if"], low, row) for row in wrong_for}
    is_about = named is not None and len(named) == 1
    return Printed(
        f"{named[0].name_id}_{pattern['printed_id']}" if named and is_about else pattern["printed_id"],
        sentence.text[start:end].strip(),
        sentence.text,
        sentence.offsets[start],
        sentence.offsets[end - 1] + 1,
        verdict,
        told,
        borne.pop() if len(borne) == 1 else None,
        tuple(wrong_for[1:]),
    )


def _agrees(rule: str, low: str, high: str, row: Mapping[str, Any]) -> bool:
    first, last, value = printed_value(low), printed_value(high), float(row["value"])
    match rule:
        case "exactly":
            return abs(first - value) < half_digit(low)
        case "ours_or_less":
            return first <= value
        case "ours_or_more":
            return first >= value
        case "around_ours":
            return first <= value <= last
        case "in_our_range":
            least, greatest = (value if row[end] is None else float(row[end]) for end in ("lo", "hi"))
            return min(least, value) - tolerance(low) <= first <= max(greatest, value) + tolerance(low)
    return abs(first - value) <= tolerance(low)


def _in_our_words(rule: str, printed: str, row: Mapping[str, Any]) -> str:
    value = float(row["value"])
    if rule == "around_ours" and row["lo"] is not None and row["hi"] is not None:
        return f"{value:.1f} ({row['lo']:.1f} to {row['hi']:.1f})"
    if rule == "ours_or_less":  # "over 9,000" of 9,142
        step = 10 ** max(0, len(f"{value:.0f}") - 1)
        value = value // step * step
    return written_like(printed, value)


def _in_tables(
    article: Article, models: Sequence[Mapping[str, Any]], ours: Mapping[str, Mapping[str, Any]]
) -> Iterator[Printed]:
    """The cells of a table of architectures, which is known by its headings and by the models in its rows."""
    for cell in article.cells:
        path, column = _path_of(cell, models), _column_of(cell)
        digits = re.search(r"\d[\d,]*(?:\.\d+)?", cell.shown.text)
        if path is None or column is None or digits is None:
            continue
        told = ours.get(f"{path}.{column}")
        value = None if told is None or told["value"] is None else float(told["value"])
        printed = digits[0]
        agrees = value is not None and abs(round(value - printed_value(printed), 9)) <= max(
            tolerance(printed), float(told["within"] or 0) if told else 0
        )
        verdict = NOT_MEASURABLE if value is None else AGREES if agrees else DISAGREES
        yield Printed(
            f"{path}.{column}",
            printed,
            f"{cell.row}, {cell.column}",
            cell.shown.offsets[digits.start()],
            cell.shown.offsets[digits.end() - 1] + 1,
            verdict,
            told if value is not None else None,
            written_like(printed, value) if value is not None and verdict == DISAGREES else None,
        )


def _path_of(cell: Cell, models: Sequence[Mapping[str, Any]]) -> str | None:
    """What the names of the numbers of a row begin with, as table.moe_8x7b for "MoE 8x7B" or "Mixtral 8x7B"; null: the row is
    not about one model of the article's table."""
    named = {name.paths for name in names_in(cell.row, models)}
    paths = named.pop() if len(named) == 1 else ()
    return paths[0] if paths and paths[0].startswith("table.") else None


def _column_of(cell: Cell) -> str | None:
    return next((column for word, column in _COLUMNS if word in cell.column.lower()), None)


def _quotes(article: Article, claims: Sequence[Mapping[str, Any]], rewrites: Mapping[str, str]) -> Iterator[Quote]:
    whole = _joined([*article.sentences, *article.headings])
    for claim in claims:
        words = _bare(Shown(claim["sentence"], tuple(range(len(claim["sentence"])))))
        place = whole.text.find(words.text)
        if place < 0:
            continue
        template = rewrites.get(claim["claim_id"])
        wants_other = claim["verdict"] != "holds" and claim["computed_value"] is not None and template
        proposal = _filled(str(template), claim) if wants_other else None
        yield Quote(whole.offsets[place], claim, proposal)


def _filled(template: str, claim: Mapping[str, Any]) -> str | None:
    values = {"value": claim["computed_value"], "lo": claim["lo"], "hi": claim["hi"]}
    try:
        return template.format(**values)
    except (TypeError, ValueError):  # an end of the interval is null
        return None


def _joined(sentences: Sequence[Shown]) -> Shown:
    """All sentences as one text to search in, one space between two."""
    text, offsets = [], []
    for sentence in sentences:
        bare = _bare(sentence)
        text.append(bare.text + " ")
        offsets += [*bare.offsets, bare.offsets[-1] if bare.offsets else 0]
    return Shown("".join(text), tuple(offsets))


def _bare(shown: Shown) -> Shown:
    """The text in lower case, without punctuation and citations, and with one space between words."""
    cited = {number for match in _CITATION.finditer(shown.text) for number in range(*match.span())}
    kept: list[int] = []
    for number, character in enumerate(shown.text):
        is_second_space = character == " " and (not kept or shown.text[kept[-1]] == " ")
        if number not in cited and character not in _PUNCTUATION and not is_second_space:
            kept.append(number)
    if kept and shown.text[kept[-1]] == " ":
        kept.pop()
    return Shown(
        "".join(shown.text[number] for number in kept).lower(), tuple(shown.offsets[number] for number in kept)
    )


def _unknown(article: Article, numbers: Sequence[Printed], names: Sequence[Mapping[str, Any]]) -> Iterator[Unknown]:
    """The numbers that are neither compared nor a part of a name, as 3.5 of Claude 3.5."""
    known = {offset for number in numbers for offset in range(number.start, number.end)}
    for sentence in article.sentences:
        named = names_in(sentence.text, names)
        for match in _NUMBER.finditer(sentence.text):
            if any(name.start < match.end() and match.start() < name.end for name in named):
                continue
            if known.isdisjoint(sentence.offsets[match.start() : match.end()]):
                yield Unknown(match[0].strip(), sentence.text, sentence.offsets[match.start()])
