"""Which cells of the tables in a model card are about the card's own model.

A few exact rules decide, in this order; if none applies, no cell is read, because most tables of most cards are about
other models:

1. one column whose header names this repository's model (`OwnName`), with the benchmarks down the side;
2. one row that begins with that name, with the benchmarks along the top;
3. the only column of figures, headed `Value`, `Score` or the like, or nothing at all, beside names of benchmarks;
4. the only row, begun with `Score` or the like, or with a figure, below names of benchmarks.

Figures of other models (comparison columns) are left out on purpose: nobody states who measured them, cards copy them from each
other, and their names are seldom exact. Also left out are tables below "original model card" or with links to another model's
results, nameless tables in cards of packed copies, tables of contamination tests, and tables of benchmarks in other languages.
A name both below a heading for base models and below one for tuned models is two models: a repository of that name is the base
one, and one of that name with `-Instruct` or the like is the tuned one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from leaderboard_etl.sources.model_cards.cells import Line, figure, is_missing, shots
from leaderboard_etl.sources.model_cards.names import OwnName
from leaderboard_etl.sources.shared.markdown_tables import CardTable, Cell, plain

_BENCHMARK = re.compile(
    r"(?:benchmarks?|metrics?|tasks?|datasets?|[\w -]*eval(?:uation)?s?|tests?|groups?|评测集|数据集)(?: ?\(metrics?\))?",
    re.I,
)
_VALUE = re.compile(r"(?:values?|scores?|results?|accuracy|acc|pass@1|performance)(?: ?\(?%\)?)?|%", re.I)
_MODEL = re.compile(r"(?:models?(?: name)?|names?|llms?|模型|模型名称)", re.I)
_SIZE = re.compile(r"(?:# ?)?(?:model )?(?:size|params?|parameters)", re.I)
SHOTS_HEADER = re.compile(r"(?:# ?|n-?|num(?:ber of)? ?)?shots?", re.I)
_BESIDE = re.compile(r"version|stderr|±|", re.I)
_NOT_OURS = re.compile(r"original (?:model )?card", re.I)
_NOT_SCORES = re.compile(r"contaminat|translated\b", re.I)
_OTHER_MATTER = re.compile(
    r"contaminat|translat|multilingual|\b(?:arabic|basque|bengali|bulgarian|catalan|chinese|czech|danish|deutsch|dutch|finnish"
    r"|french|galician|german|greek|hebrew|hindi|hungarian|indonesian|italian|japanese|korean|malay|norwegian|persian|polish"
    r"|portuguese|romanian|russian|spanish|swahili|swedish|tamil|thai|turkish|ukrainian|urdu|vietnamese)\b",
    re.I,
)
# Packed copies of a model; their cards often repeat the original's, word for word.
_COPY = re.compile(r"gguf|ggml|gptq|awq|exl2|bpw|mlx|[248]-?bit|int[48]|fp[48]|nvfp4|w[48]a", re.I)
_DETAILS = re.compile(r"details_[\w.-]{1,100}?__([\w.-]+)", re.ASCII)
_BASE = re.compile(r"\bbase\b|pre-?trained", re.I)
_TUNED = re.compile(r"\bchat\b|instruct|\btuned\b|post-?train", re.I)


@dataclass(frozen=True)
class OwnCell:
    """A cell of the card's own model. `benchmark` is the header or first cell that names what was measured, `where` the place
    in words, `line` the cells that must be in the same unit, `column` the header above the figures, `conditions` what else
    the line says by header, `n_shot` the number of examples that the table gives (null: none)."""

    table: CardTable
    benchmark: str
    cell: Cell
    where: str
    line: Line
    column: str
    conditions: Mapping[str, str]
    n_shot: int | None = None


def own_cells(tables: Sequence[CardTable], repo_id: str) -> Iterator[OwnCell]:
    """The cells of `repo_id` in the tables of its card, in order, without cells that hold a name instead of a figure."""
    own = OwnName(repo_id)
    about = [(table, _is_of_tuned(table)) for table in tables if _is_about(table, repo_id)]
    # Both models of a pair have the same card, and some call both by the base model's name.
    short = own.of_base if own.of_base and _is_two(about, own.of_base) else None
    is_two = _is_two(about, own)
    for table, is_of_tuned in about:
        by_name = _by_name(table, own) or (_by_name(table, short) if short and is_of_tuned else [])
        if by_name:
            if not is_two or is_of_tuned is None or (not is_of_tuned and own.of_base is None):
                yield from by_name
        elif not _COPY.search(repo_id):
            yield from [*_only_column(table)] or _only_row(table)


def _by_name(table: CardTable, own: OwnName) -> list[OwnCell]:
    return [*_own_column(table, own)] or [*_own_row(table, own)]


def _is_two(tables: Sequence[tuple[CardTable, bool | None]], own: OwnName) -> bool:
    """Whether a name appears both below a heading for base models and below one for tuned models."""
    kinds = {is_of_tuned for _, is_of_tuned in tables}
    return {True, False} <= kinds and {True, False} <= {
        is_of_tuned for table, is_of_tuned in tables if is_of_tuned is not None and _by_name(table, own)
    }


def _is_about(table: CardTable, repo_id: str) -> bool:
    if any(_NOT_OURS.search(heading) for heading in table.headings):
        return False
    # The first heading is the card's, and a model may be a German one.
    sections = {*table.headings[1:], _title(table)}
    if any(_OTHER_MATTER.search(title) for title in sections) or _NOT_SCORES.search(table.caption):
        return False
    # Owners are renamed, and old cards keep the old address: the name must still match.
    details = {name.lower() for name in _DETAILS.findall(table.above)}
    return not details or repo_id.lower().rpartition("/")[2] in details


def _title(table: CardTable) -> str:
    return table.headings[-1] if table.headings else ""


def _is_of_tuned(table: CardTable) -> bool | None:
    """Whether a table is below a heading for tuned models or one for base models; null: neither or both."""
    is_base, is_tuned = (bool(word.search(_title(table))) for word in (_BASE, _TUNED))
    return None if is_base == is_tuned else is_tuned


def _own_column(table: CardTable, own: OwnName) -> Iterator[OwnCell]:
    columns = [column for column, cell in enumerate(table.header) if own.is_in(cell)]
    side = _side(table)
    if len(columns) == 1 and columns[0] != side:
        yield from _down(table, side, columns[0])


def _own_row(table: CardTable, own: OwnName) -> Iterator[OwnCell]:
    names = [column for column, cell in enumerate(table.header) if _MODEL.fullmatch(cell.text)]
    side = names[0] if names else 0
    sizes = [column for column, cell in enumerate(table.header) if _SIZE.fullmatch(cell.text)]
    size_texts = [cell.text for cell in table.column(sizes[0])] if sizes else [""] * len(table.sources)
    names_and_sizes = zip(table.column(side), size_texts, strict=True)
    rows = [number for number, (name, size) in enumerate(names_and_sizes) if own.is_in(name, size)]
    if len(rows) == 1:
        yield from _along(table, rows[0], side)


def _only_column(table: CardTable) -> Iterator[OwnCell]:
    side = _side(table)
    if table.header[side].text and not _BENCHMARK.fullmatch(table.header[side].text):
        return
    with_figures = [
        column
        for column in range(len(table.header))
        if column != side and any(figure(row[column].text) for row in table.rows)
    ]
    headed = [column for column in with_figures if _VALUE.fullmatch(table.header[column].text)]
    bare = [column for column in with_figures if not table.header[column].text]
    candidates = headed or bare
    others = [column for column in with_figures if column not in candidates]
    if len(candidates) == 1 and all(_is_beside(table.header[column].text) for column in others):
        yield from _down(table, side, candidates[0])


def _only_row(table: CardTable) -> Iterator[OwnCell]:
    filled = (number for number, row in enumerate(table.sources) if any(plain(cell).text for cell in row))
    rows = list(islice(filled, 2))
    if len(rows) == 1:
        first = table.rows[rows[0]][0].text
        if figure(first) or _VALUE.fullmatch(first):
            yield from _along(table, rows[0], None if figure(first) else 0)


def _side(table: CardTable) -> int:
    """The column with names of benchmarks: the first with such a header, else the first."""
    headed = [column for column, cell in enumerate(table.header) if _BENCHMARK.fullmatch(cell.text)]
    return headed[0] if headed else 0


def _is_beside(header: str) -> bool:
    return bool(_BESIDE.fullmatch(header) or SHOTS_HEADER.fullmatch(header))


def _down(table: CardTable, side: int, column: int) -> Iterator[OwnCell]:
    """Benchmarks down the side: one cell per row."""
    is_only = not any(
        _is_figure_column(table, other) for other in range(len(table.header)) if other not in (side, column)
    )
    whole = Line([row[column].text for row in table.rows])
    unlike = {other for other, cell in enumerate(table.header) if other == side or _is_beside(cell.text)}
    counted = [other for other, cell in enumerate(table.header) if SHOTS_HEADER.fullmatch(cell.text)]
    versions = [other for other, cell in enumerate(table.header) if cell.text == "Version"]
    is_foreign = False
    for number, row in enumerate(table.rows, 1):
        texts = {cell.text for cell in row} - {""}
        if len(texts) == 1 and (row[side].text or not figure(next(iter(texts)))):
            # A row of one text is a heading within the table.
            is_foreign = bool(_OTHER_MATTER.search(next(iter(texts))))
            continue
        name = row[side].text
        if is_foreign or not name:
            continue
        figures = [other for other in range(len(row)) if other not in unlike]
        first = min((other for other in figures if figure(row[other].text)), default=column)
        conditions = {table.header[other].text: row[other].text for other in range(min(first, column)) if other != side}
        counts = [row[other].text for other in counted]
        # The harness shows no version of a group of tasks, and a number of shots that is not its own.
        is_group = any(row[other].text == "N/A" for other in versions)
        n_shot = int(counts[0]) if len(counts) == 1 and counts[0].isdecimal() and len(counts[0]) < 4 else None
        yield OwnCell(
            table,
            name,
            row[column],
            f"row {number} {name!r}, column {column + 1} {table.header[column].text!r}",
            whole if is_only else Line([row[other].text for other in figures]),
            table.header[column].text,
            conditions,
            None if is_group else n_shot,
        )


def _along(table: CardTable, own_row: int, side: int | None) -> Iterator[OwnCell]:
    """Benchmarks along the top: one cell per column."""
    row = table.rows[own_row]
    conditions = {
        table.header[column].text: cell.text
        for column, cell in enumerate(row)
        if column != side and not figure(cell.text) and not is_missing(cell.text)
    }
    # A row without a model may state the number of examples under each benchmark.
    below = next((other for other in table.rows if side is not None and not other[side].text), None)
    for column, header in enumerate(table.header):
        if column != side and header.text:
            yield OwnCell(
                table,
                header.text,
                row[column],
                f"row {own_row + 1} {'' if side is None else row[side].text!r}, column {column + 1} {header.text!r}",
                Line([other[column].text for other in table.rows]),
                header.text,
                {name: text for name, text in conditions.items() if name != header.text},
                None if below is None else shots(below[column].text),
            )


def _is_figure_column(table: CardTable, column: int) -> bool:
    return not _is_beside(table.header[column].text) and any(figure(row[column].text) for row in table.rows)
