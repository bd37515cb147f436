"""Scores of policy's benchmarks from the cells about a card's own model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from leaderboard_etl.sources.model_cards.cells import Figure, TableRules, figure, is_missing, label, shots, unit
from leaderboard_etl.sources.model_cards.tables import OwnCell, own_cells
from leaderboard_etl.sources.shared.markdown_tables import CardTable
from leaderboard_etl.sources.shared.values import is_deviation, is_of_several_tries

# Columns of words that do not change the meaning of a figure; any other is a condition (a language, a decoding, a prompt).
_HARMLESS = re.compile(
    r"|category|capability|modality|domain|version|filter|metrics?|stderr|licen[sc]e|links?|checkpoint|paper|demo|type|date|日期"
    r"|\W*(?:\S+ )?hf ?links?|organi[sz]ation|developer|(?:# ?|n-?)?shots?|(?:# ?)?(?:model )?(?:size|params?|parameters)"
    r"|align(?:ment)?|tuning method|data(?:set)? size|context(?: window| length)?|base(?: model)?|±|(?:\S+ )?free",
    re.I,
)
_PLAIN_METRIC = re.compile(r"pass@1\b|acc|\bem\b|exact|score|avg|top-1", re.I)
_ONE_TURN = re.compile(r"turn\b", re.I)
_FEW_SHOT = re.compile(r"num_fewshot: ?(\d{1,3})\b")
_PERCENT = re.compile(r"%|\bpercent", re.I)
_MOST_TEXT = 100

Says = Callable[[re.Pattern[str]], bool]


@dataclass(frozen=True)
class TableScore:
    """One figure, or a cell in its place that could not be read: then `rule` and `reason` say why.

    `score_raw` and `stderr_raw` are in `score_unit`; `n_shot` is null if nothing states it.
    """

    variant_id: str
    locator: str
    cell_text: str
    protocol: str
    score_raw: float = 0.0
    score_unit: str = ""
    stderr_raw: float | None = None
    n_shot: int | None = None
    rule: str | None = None
    reason: str | None = None


def read_scores(
    tables: Sequence[CardTable], repo_id: str, rules: TableRules, baselines: Mapping[str, float | None]
) -> Iterator[TableScore]:
    """The scores of `repo_id` in the tables of its card; a figure that a card repeats (in another language) appears once.

    `baselines` is the random baseline of each variant in policy/benchmarks.csv.
    """
    yielded: set[tuple[str, float, int | None]] = set()
    words: dict[int, str] = {}
    matches: dict[tuple[int, re.Pattern[str]], bool] = {}

    def says(table: CardTable, pattern: re.Pattern[str]) -> bool:
        # Every figure of a table needs the same from all its words.
        if (key := (table.number, pattern)) not in matches:
            if table.number not in words:
                words[table.number] = _words(table)
            matches[key] = pattern.search(words[table.number]) is not None
        return matches[key]

    for own in own_cells(tables, repo_id):
        score = _score(own, partial(says, own.table), rules, baselines)
        if score is None:
            continue
        key = (score.variant_id, score.score_raw, score.n_shot)
        if score.rule is None and key in yielded:
            continue
        yielded.add(key)
        yield score


def _says_nothing(pattern: re.Pattern[str]) -> bool:
    """Whether a pattern matches a table without words."""
    return pattern.search("") is not None


def _words(table: CardTable) -> str:
    """What policy's table_pattern may match, one per line: the table's labels, its headings and the lines above it, in lower
    case."""
    cells = (*table.header, *(cell for row in table.rows for cell in row[:3]))
    return "\n".join([*(label(cell.text) for cell in cells), *table.headings, table.above]).lower()


def _score(own: OwnCell, says: Says, rules: TableRules, baselines: Mapping[str, float | None]) -> TableScore | None:
    if is_missing(own.cell.text) or len(own.benchmark) > _MOST_TEXT or _is_other_metric(own.benchmark):
        return None
    own_figure = figure(own.cell.text)
    title = own.table.headings[-1][:_MOST_TEXT] if own.table.headings else ""
    n_shot = _shots(own, own_figure, title)
    rule = _rule(own.benchmark, n_shot, says, rules)
    if rule is None or _has_condition(own, rules):
        return None
    cell_text = own.cell.text[:_MOST_TEXT]
    where = f"table {own.table.number}, {own.where[: 3 * _MOST_TEXT]}: {cell_text!r}"
    protocol = own.benchmark + (f", below {title!r}" if title else "")
    if own_figure is None:
        reason = "the cell of the card's own model is not one number"
        return TableScore(rule["variant_id"], where, cell_text, protocol, rule="score_raw|number", reason=reason)
    says_percent = _PERCENT.search("\n".join((own.benchmark, own.column, own.table.caption, title))) is not None
    baseline = baselines.get(rule["variant_id"])
    in_unit, note = unit(rule["unit"], own.line, own_figure, says_percent=says_percent, baseline=baseline)
    if in_unit is None:
        return TableScore(rule["variant_id"], where, cell_text, protocol, rule="score_raw|unit", reason=note)
    protocol += f"; {note}" if note else ""
    return TableScore(
        rule["variant_id"], where, cell_text, protocol, own_figure.value, in_unit, own_figure.stderr, n_shot
    )


def _shots(own: OwnCell, own_figure: Figure | None, title: str) -> int | None:
    """Examples as stated by the cell, the benchmark's name, the table, the line's words, or the text above: the first counts."""
    candidates = [own_figure.shots if own_figure else None, shots(own.benchmark), own.n_shot]
    candidates += [shots(text) for text in own.conditions.values()]
    harness = _FEW_SHOT.search(own.table.caption)
    candidates += [int(harness[1]) if harness else None, shots(title)]
    return next((count for count in candidates if count is not None), None)


def _rule(benchmark: str, n_shot: int | None, says: Says, rules: TableRules) -> Mapping[str, Any] | None:
    name = label(benchmark)
    with_shots = f"{name} ({n_shot}-shot)" if n_shot is not None and shots(name) is None else name
    return rules.variant(with_shots, says) or rules.variant(name, says)


def _is_other_metric(words: str) -> bool:
    return is_of_several_tries(words) or is_deviation(words) or _ONE_TURN.search(words) is not None


def _has_condition(own: OwnCell, rules: TableRules) -> bool:
    """Whether the line states a condition that makes its figure differ from the plain benchmark's."""
    for header, text in own.conditions.items():
        name = label(header)
        if "metric" in name and (
            _is_other_metric(text) or (text and not _PLAIN_METRIC.search(text) and shots(text) is None)
        ):
            return True
        has_words = any(character.isalpha() for character in text)
        if has_words and not _HARMLESS.fullmatch(name) and rules.variant(name, _says_nothing) is None:
            return True
    return False
