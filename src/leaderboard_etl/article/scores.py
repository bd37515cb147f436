"""The scores that an article states of models on benchmarks, in sentences and in tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leaderboard_etl.article.grammar import (
    BENCHMARK,
    KNOWN,
    NUMBER,
    OTHER,
    PER_KIND,
    benchmark_sign,
    bound_of,
    is_changed,
    is_score,
    model_signs,
)
from leaderboard_etl.article.names import names_in
from leaderboard_etl.article.numbers import half_digit, printed_value
from leaderboard_etl.article.text import Article, Shown

# Which models a name may mean; none: it is no model's.
Called = Callable[[str], Sequence[str]]

_PERCENT = r"\s?(?:\\?%|percent\b|per cent\b)"
_NUMBER = re.compile(
    rf"(?<![\w.,/^{{_$€£±+-])(?P<n>\d{{1,3}}(?:\.\d+)?|\.\d+)(?P<unit>{_PERCENT})?"
    rf"(?:(?:\s?[-–—]\s?|(?(unit)(?!)| to ))(?P<m>\d{{1,3}}(?:\.\d+)?)(?P<unit_2>{_PERCENT})?)?"
    r"(?:/10| out of 10(?!\d))?(?![\w%/^]|[-–]\w|[.,]\d)"
)
_TOKEN = re.compile(r"[^\s,;:()\[\]{}\"“”‘!?|–—/…]+(?:/[\w.-]+)?")
# Words that belong to a name before them although they are small.
_SMALL = frozenset(
    (
        *("mini", "small", "medium", "large", "nano", "pro", "turbo", "flash", "preview", "instruct", "chat", "base"),
        *("thinking", "lite", "plus", "max", "ultra", "opus", "sonnet", "haiku", "coder", "distill"),
    )
)
# Words that are no part of a name although they may have a capital.
_NO_NAME = frozenset(
    (
        *(
            "a",
            "an",
            "the",
            "this",
            "that",
            "these",
            "those",
            "it",
            "its",
            "they",
            "their",
            "we",
            "our",
            "he",
            "she",
            "i",
        ),
        *(
            "in",
            "on",
            "at",
            "for",
            "with",
            "by",
            "from",
            "of",
            "to",
            "as",
            "and",
            "or",
            "but",
            "both",
            "either",
            "while",
        ),
        *(
            "when",
            "where",
            "if",
            "unlike",
            "like",
            "even",
            "only",
            "just",
            "still",
            "also",
            "today",
            "now",
            "meanwhile",
        ),
        *(
            "however",
            "moreover",
            "here",
            "there",
            "compared",
            "among",
            "across",
            "after",
            "before",
            "since",
            "although",
        ),
        *("though", "because", "similarly", "likewise", "overall", "instead", "table", "figure", "section", "appendix"),
        *("humans", "human", "experts", "researchers", "people", "models", "model", "open", "proprietary", "closed"),
        *(
            "results",
            "scores",
            "accuracy",
            "benchmark",
            "benchmarks",
            "average",
            "another",
            "each",
            "every",
            "some",
            "most",
        ),
        *("all", "no", "not", "new", "so", "yet", "then", "finally", "second", "first", "third"),
        *("scoring", "reaching", "achieving", "posting", "hitting"),
    )
)
# Where a sentence says what might be, or what is not, nothing is compared.
_UNREAL = re.compile(
    r"\b(?:not|never|cannot|without|would|could|might|may|should|will|if|unless|expect\w*|predict\w*|project(?:s|ed)|hypothe\w*"
    r"|targets?|goals?|hop(?:e|es|ed|ing)|aim\w*|suppose\w*|imagine\w*|fails?|failed|failing|unable|short of|no longer|need\w*"
    r"|require\w*|until|instead of|baseline|guess\w*|chance)\b|n[’']t\b|\?$"
)
# What makes a score another than the published one.
_CONDITION = re.compile(
    r"quanti[sz]|\b(?:[2-8]-?bit|int[48]|fp[48])\b|fine-?tun|distil|prun|majority|\bmaj@|cons@|self-consisten|ensemble|\btools?\b"
    r"|best-of|pass@(?!1\b)|\bsubset|\baverag|derivative|variants?\b|translated|\bSTEM\b|humanities|sciences?\b"
    r"|checkpoint|\bearly\b|reproduc|re-?ran|rerun|our own|internal|\bours?\b|\bwe\b",
    re.IGNORECASE,
)
# A sentence about a model that a sentence before it names.
_PRONOUN = re.compile(
    r"^(?:(?:However|Overall|Moreover|Still|Today|Meanwhile|Indeed|In addition|For example),? )?"
    r"(?:(?P<it>[Ii]t(?= )|[Tt]h(?:e|is) model(?=[ '’]))|(?P<its>[Ii]ts(?= )))"
)
# A name of no model, which stands for that of a sentence that names none.
_NOBODY = "Model-0"
_SHOTS = re.compile(r"\b(?:(\d+)|(zero)|(one)|(five))[- ]shot", re.IGNORECASE)
_PART_BEHIND = re.compile(
    r"['’]s\b| (?:STEM|[A-Z]\w+ (?:subset|split|subject)|subset|subtask|subject|categor|subjects)"
)
# Beside the name of a benchmark in the heading of a table.
_IN_HEADING = re.compile(r"(?i)accuracy|scores?|results?|pass@1|\d+-shot|[\s(),%↑]|\bin\b|percent")


@dataclass(frozen=True)
class Stated:
    """A number that is stated to be a score. `start` and `end` are its place in the source; `low_text` and `high_text` are its
    digits, the same but in a range. `names` are the names of the models that it may be of, `models` those that they may mean;
    `groups` are the comparable groups of its benchmark, none: the warehouse has no such benchmark. `bound` is how it bounds the
    score. `is_plain`: the words leave no doubt of which model and which score.
    `n_shot` are the examples that they state; null: none, or several numbers of them."""

    text: str
    low_text: str
    high_text: str
    is_percent: bool
    bound: str
    sentence: str
    start: int
    end: int
    names: tuple[str, ...]
    models: tuple[str, ...]
    benchmark: str
    benchmark_id: str
    groups: tuple[str, ...]
    is_plain: bool
    n_shot: int | None = None

    def interval(self, *, is_of_ten: bool) -> tuple[float, float]:
        """The scores in percent that the printed number may be; `is_of_ten`: the benchmark's points go to ten."""
        low, high = printed_value(self.low_text), printed_value(self.high_text)
        scale = 1.0
        if not self.is_percent and high <= 10:
            scale = 10.0 if is_of_ten else 100.0 if high <= 1 and "." in self.low_text else 1.0
        half = max(half_digit(self.low_text), half_digit(self.high_text)) * scale
        low, high = low * scale, high * scale
        if self.bound == "about":
            half = max(half, 1.0)
        if self.bound == "at most":
            return 0.0, high
        return (low, 100.0) if self.bound == "at least" else (low - half, high + half)


@dataclass(frozen=True)
class _Span:
    """A name or number of a sentence. `kind` is that of its sign; `groups` are the comparable groups of a benchmark."""

    start: int
    end: int
    kind: str
    text: str
    benchmark_id: str = ""
    groups: tuple[str, ...] = ()
    match: re.Match[str] | None = None


def names_to_ask(article: Article, benchmarks: Sequence[Mapping[str, Any]]) -> set[str]:
    """All that may be names of models in sentences and tables with a benchmark and a number. `benchmarks` are the rows of
    policy/article_names of that kind."""
    asked: set[str] = set()
    for paragraph in article.paragraphs:
        spans = [_spans(sentence.text, benchmarks) for sentence in paragraph]
        # "It scores 90%": its name is in a sentence before, which may have no number.
        is_needed = [any(span.match for span in each) for each in spans]
        last = max((n for n, each in enumerate(paragraph) if is_needed[n] and _PRONOUN.search(each.text)), default=-1)
        for n, each in enumerate(spans):
            if is_needed[n] or n < last:
                asked.update(part for span in each if span.kind == OTHER for part in _parts(span.text))
    for cell in article.cells:
        asked.update(part for text in (cell.row, cell.column) for part in _parts(text))
    return asked - {""}


def stated_scores(article: Article, benchmarks: Sequence[Mapping[str, Any]], called: Called) -> list[Stated]:
    """The scores that sentences and tables state, in the order of the source. `benchmarks` as of names_to_ask."""
    found = [
        *(stated for each in article.paragraphs for stated in _in_paragraph(each, benchmarks, called)),
        *_in_cells(article, benchmarks, called),
    ]
    return sorted(found, key=lambda stated: stated.start)


def _in_paragraph(
    sentences: Sequence[Shown], benchmarks: Sequence[Mapping[str, Any]], called: Called
) -> Iterator[Stated]:
    """The scores of a paragraph. A sentence about "it" is about the model of the last sentence that names one; where that names
    several, or none does, nobody can say that its numbers are wrong."""
    subjects: tuple[str, ...] = ()
    for sentence in sentences:
        pronoun = _PRONOUN.search(sentence.text)
        named = _named(sentence.text, benchmarks, called)
        if pronoun is None or (named and len(subjects) != 1):
            yield from _in_sentence(sentence, benchmarks, called)
        else:
            named_one = _with_subject(sentence, pronoun, subjects[0] if subjects else _NOBODY)
            for stated in _in_sentence(named_one, benchmarks, called):
                yield _of_subjects(replace(stated, sentence=sentence.text), subjects, called)
        subjects = tuple(dict.fromkeys([*subjects, *named])) if pronoun else named or subjects


def _named(text: str, benchmarks: Sequence[Mapping[str, Any]], called: Called) -> tuple[str, ...]:
    """The models that a sentence names, each once; also what looks like one and stands first: the warehouse may not have it."""
    names = [_known(span, called) for span in _spans(text, benchmarks) if span.kind == OTHER]
    is_model = [
        each.kind == KNOWN or (number == 0 and re.match(r"[A-Za-z].*\d", each.text) and _is_like_a_model(each.text))
        for number, each in enumerate(names)
    ]
    return tuple(dict.fromkeys(each.text for each, is_one in zip(names, is_model, strict=True) if is_one))


def _with_subject(sentence: Shown, pronoun: re.Match[str], name: str) -> Shown:
    """The sentence with a name in the place of its pronoun."""
    group = "its" if pronoun["its"] else "it"
    start, end = pronoun.span(group)
    words = f"{name}’s" if pronoun["its"] else name
    offsets = (*sentence.offsets[:start], *[sentence.offsets[start]] * len(words), *sentence.offsets[end:])
    return Shown(sentence.text[:start] + words + sentence.text[end:], offsets)


def _of_subjects(stated: Stated, subjects: Sequence[str], called: Called) -> Stated:
    """A score of the model in the pronoun's place, as one of all that the pronoun may mean."""
    if not subjects and _NOBODY in stated.names:
        return replace(stated, names=(), models=(), is_plain=False)
    if len(subjects) < 2 or subjects[0] not in stated.names:
        return stated
    models = tuple(dict.fromkeys(model for name in subjects for model in _meant(name, called)))
    return replace(stated, names=tuple(subjects), models=models, is_plain=False)


def _shots(text: str) -> int | None:
    """The number of examples that a text states; null: none, or several."""
    written = {
        int(match[1]) if match[1] else 0 if match[2] else 1 if match[3] else 5 for match in _SHOTS.finditer(text)
    }
    return written.pop() if len(written) == 1 else None


def _up_to_next(text: str, span: _Span, spans: Sequence[_Span]) -> str:
    """What is said behind a number and before the next."""
    return text[
        span.end : min((other.start for other in spans if other.match and other.start > span.start), default=len(text))
    ]


def _in_sentence(sentence: Shown, benchmarks: Sequence[Mapping[str, Any]], called: Called) -> Iterator[Stated]:
    text = sentence.text
    spans = [_known(span, called) for span in _spans(text, benchmarks)]
    if not any(span.match for span in spans) or _UNREAL.search(text):
        return
    signs, signed = _signed(text, spans)
    owners = model_signs(signed)
    n_numbers = sum(span.match is not None for span in spans)
    for sign, span in signs.items():
        benchmark = benchmark_sign(signed, sign) if span.match and is_score(signed, sign) else None
        if span.match is None or benchmark is None:
            continue
        of_benchmark, is_beside = signs[benchmark[0]], benchmark[1]
        is_percent = bool(span.match["unit"] or span.match["unit_2"])
        if of_benchmark.kind != BENCHMARK and not _is_like_a_benchmark(of_benchmark.text):
            continue
        if not is_beside and not is_percent:
            continue
        models = _models([signs[each] for each in owners.get(sign, ())])
        is_plain = len(models) == 1
        if not models and is_percent and is_beside and not is_changed(signed, sign):
            models, is_plain = [each for each in spans if each.kind == KNOWN], False
        if models:
            yield Stated(
                span.text.strip(),
                span.match["n"],
                span.match["m"] or span.match["n"],
                is_percent,
                bound_of(signed, sign),
                text,
                sentence.offsets[span.start],
                sentence.offsets[span.end - 1] + 1,
                tuple(dict.fromkeys(each.text for each in models)),
                tuple(dict.fromkeys(model for each in models for model in _meant(each.text, called))),
                of_benchmark.text,
                of_benchmark.benchmark_id,
                of_benchmark.groups,
                is_plain and not _CONDITION.search(_without(text, spans)),
                _shots(text if n_numbers == 1 else _up_to_next(text, span, spans)),
            )


def _models(names: Sequence[_Span]) -> list[_Span]:
    """Those that are models of the warehouse, else those that look like a model's name."""
    return [each for each in names if each.kind == KNOWN] or [each for each in names if _is_like_a_model(each.text)]


def _in_cells(article: Article, benchmarks: Sequence[Mapping[str, Any]], called: Called) -> Iterator[Stated]:
    """Cells between a model and a benchmark, whichever of them is the row."""
    for cell in article.cells:
        printed = cell.shown.text.strip("*_ ")
        number = _NUMBER.fullmatch(printed)
        if number is None:
            continue
        for model, heading in ((cell.row, cell.column), (cell.column, cell.row)):
            named = names_in(heading, _with_groups(benchmarks))
            meant = _meant(model, called)
            if len(named) != 1 or not meant or not _is_alone(heading, named[0].start, named[0].end):
                continue
            start = cell.shown.text.index(printed)
            yield Stated(
                printed,
                number["n"],
                number["m"] or number["n"],
                "%" in printed + heading,
                "exactly",
                f"{cell.row}, {cell.column}",
                cell.shown.offsets[start],
                cell.shown.offsets[start + len(printed) - 1] + 1,
                (model,),
                tuple(meant),
                heading[named[0].start : named[0].end],
                named[0].name_id,
                named[0].paths,
                not _CONDITION.search(model),
                _shots(f"{cell.row}, {cell.column}"),
            )
            break


def _is_alone(heading: str, start: int, end: int) -> bool:
    """Whether a heading names a benchmark and says nothing else that matters."""
    return not _IN_HEADING.sub("", heading[:start] + heading[end:])


def _with_groups(benchmarks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The names of benchmarks with the groups of their scores in the place of the names of their numbers."""
    return [{**row, "paths": row["groups"]} for row in benchmarks]


def _spans(text: str, benchmarks: Sequence[Mapping[str, Any]]) -> list[_Span]:
    """The benchmarks, numbers and other names of a sentence, which do not overlap."""
    tokens = [_trimmed(token) for token in _TOKEN.finditer(text)]
    found: list[_Span] = []
    for name in names_in(text, _with_groups(benchmarks)):
        # A name that is a part of a longer word is that word.
        whole = [token for token in tokens if token[0] < name.end and name.start < token[1]]
        start, end = min([name.start, *(token[0] for token in whole)]), max([name.end, *(token[1] for token in whole)])
        groups = name.paths
        tail = text[name.end : end]
        if name.paths and re.fullmatch(r"['’]s?|-\d+-?shot|", tail, re.IGNORECASE):
            end = name.end
        elif tail or start < name.start:
            groups = ()
        ahead = next((token for token in tokens if token[1] == start - 1 and text[token[1]] == " "), None)
        if ahead and _is_adjective(text, ahead):
            start, groups = ahead[0], ()
        named = text[start:end]
        if _PART_BEHIND.match(text, end):
            named, groups = f"a part of {named}", ()
        found.append(_Span(start, end, BENCHMARK, named, name.name_id if groups else "", groups))
    taken = [(span.start, span.end) for span in found]
    runs = _runs(
        text, [token for token in tokens if not any(token[0] < end and start < token[1] for start, end in taken)]
    )
    found += runs
    taken += [(run.start, run.end) for run in runs]
    for match in _NUMBER.finditer(text):
        if not any(match.start() < end and start < match.end() for start, end in taken):
            found.append(_Span(match.start(), match.end(), NUMBER, match[0], match=match))
    return sorted(found, key=lambda span: span.start)[:PER_KIND]


def _is_adjective(text: str, token: tuple[int, int]) -> bool:
    """Whether a word before a benchmark's name makes it another one: Spanish MMLU, multilingual MMLU."""
    word = text[token[0] : token[1]]
    if word.lower() in ("multilingual", "translated", "global", "mini"):
        return True
    is_first = token[0] == 0 or text[: token[0]].rstrip().endswith((".", ":", ";"))
    is_plain_word = word.isalpha() and word[0].isupper() and word[1:].islower()
    return is_plain_word and not is_first and word.lower() not in _NO_NAME and text[token[0] - 1] == " "


def _trimmed(token: re.Match[str]) -> tuple[int, int]:
    text = token[0].rstrip(".'’*")
    return token.start(), token.start() + len(text)


def _runs(text: str, tokens: Sequence[tuple[int, int]]) -> list[_Span]:
    """Names: words with a capital or digits and letters, side by side, and what belongs to them."""
    runs: list[_Span] = []
    start = end = -1

    def close() -> None:
        if start >= 0:
            runs.append(_Span(start, end, OTHER, text[start:end]))

    for first, last in tokens:
        word = text[first:last]
        possessive = re.search(r"['’]s$", word)
        bare = word[: possessive.start()] if possessive else word
        continues = start >= 0 and text[end:first] == " "
        if bare.lower() in _NO_NAME or not bare:
            is_part = False
        elif re.fullmatch(r"\d+(?:\.\d+)?", bare):
            is_part = continues and float(bare) < 10 and not re.match(r"\s?%", text[last:])
        else:
            has_letter = any(character.isalpha() for character in bare)
            has_digit = any(character.isdigit() for character in bare)
            is_name = (
                has_letter
                and (bare[0].isupper() or has_digit)
                and not set("%@") & set(bare)
                and not re.fullmatch(r"[\d.]+[xX×-].*|\d+(?:th|st|nd|rd)", bare)
            )
            is_part = (is_name or (continues and bare.lower() in _SMALL)) or (continues and has_letter and has_digit)
        if not is_part:
            close()
            start = -1
            continue
        if not continues:
            close()
            start = first
        end = first + len(bare)
        if possessive:
            close()
            start = -1
    close()
    return runs


def _parts(text: str) -> list[str]:
    """A name, and what is left of it without the words before it, such as that of a vendor."""
    words = text.split()
    return [" ".join(words[number:]) for number in range(len(words))]


def _meant(text: str, called: Called) -> Sequence[str]:
    return next((ids for part in _parts(text)[:3] if (ids := called(part))), ())


def _known(span: _Span, called: Called) -> _Span:
    """A name as that of a model, if it is one; with the words before it, for they are no part of it."""
    if span.kind != OTHER:
        return span
    for part in _parts(span.text)[:3]:
        if called(part):
            return replace(span, start=span.end - len(part), kind=KNOWN, text=part)
    return span


def _signed(text: str, spans: Sequence[_Span]) -> tuple[dict[str, _Span], str]:
    """What each sign of the grammar stands for in a sentence, and the sentence in signs."""
    signs: dict[str, _Span] = {}
    parts: list[str] = []
    end = 0
    for number, span in enumerate(spans):
        sign = chr(ord(span.kind) + number)
        signs[sign] = span
        parts += [text[end : span.start], sign]
        end = span.end
    return signs, "".join([*parts, text[end:]])


def _without(text: str, spans: Sequence[_Span]) -> str:
    """What a sentence says beside names and numbers."""
    for span in sorted(spans, key=lambda span: -span.start):
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def _is_like_a_model(text: str) -> bool:
    """Whether a name that is none of the warehouse's looks like that of a model: not "January 2025"."""
    has_sign = re.search(r"[A-Za-z].*\d|\d.*[A-Za-z]|[a-z][A-Z]|-", text)
    return has_sign is not None and re.fullmatch(r"[A-Z][a-z]+ \d+", text) is None


def _is_like_a_benchmark(text: str) -> bool:
    return re.search(r"[Bb]ench|[Ee]val|QA\b|^[A-Z]{3,}[\w+-]*$", text) is not None
