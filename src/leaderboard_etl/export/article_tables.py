"""The article's table of architectures with our figures, as MDX and as LaTeX, and its sources as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import duckdb

from leaderboard_etl.export.tables import number
from leaderboard_etl.printable import visible

TABLE, SOURCES = "tables/architectures", "tables/sources.bib"
_HEADINGS = ("Architecture", "Model", "Total (B)", "Active (B)", "MMLU (%)", "Operations per token (dense 70B = 1)")
_CELLS = ("params_total_b", "params_active_b", "mmlu_pct", "cost_relative")
_DECIMALS = {"mmlu_pct": 1, "cost_relative": 2}
# Characters that LaTeX and BibTeX would act on.
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_YEAR, _ARXIV = re.compile(r"\((\d{4})\)"), re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def article_tables(con: duckdb.DuckDBPyConnection, citations: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The files by name: each row of the article's table with our figures in place of the printed ones, the
    smallest model first; an unknown one is a dash.

    `citations` are the rows of core.citations that the state rests on.
    """
    rows = _rows(con)
    mdx = [_HEADINGS, ("---", "---", *("---:",) * len(_CELLS)), *rows]
    table = [
        r"\begin{tabular}{llrrrr}",
        r"\hline",
        *(f"{' & '.join(map(_latex, row))} \\\\" for row in (_HEADINGS, *rows)),
        r"\hline",
        r"\end{tabular}",
    ]
    table.insert(3, r"\hline")
    return {
        f"{TABLE}.mdx": _text(f"| {' | '.join(map(_mdx, row))} |" for row in mdx),
        f"{TABLE}.tex": _text(table),
        SOURCES: _text(_entry(citation, key) for citation, key in zip(citations, _keys(citations), strict=True)),
    }


def _rows(con: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    told = con.execute(
        """
        select t.architecture, coalesce(m.display_name, t.model_id), t.cell, t.our_value
        from mart.article_cells as t
        left join core.models as m using (model_id)
        order by
            max(t.our_value) filter (where t.cell = 'params_total_b') over (partition by t.row_id) nulls last, t.row_id, t.cell
        """
    ).fetchall()
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for architecture, model, cell, value in told:
        rows.setdefault((architecture, model), {})[cell] = "–" if value is None else _figure(cell, value)
    return [(*names, *(cells.get(cell, "–") for cell in _CELLS)) for names, cells in rows.items()]


def _figure(cell: str, value: float) -> str:
    if cell not in _DECIMALS:
        return number(cell, value)
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-_DECIMALS[cell]), ROUND_HALF_EVEN))


def _entry(citation: Mapping[str, Any], key: str) -> str:
    """One entry; who wrote it and when stand in its title, as the source is cited."""
    fields = {"title": citation["citation"], "url": citation["source_url"], "note": f"Licence: {citation['license']}"}
    if year := _YEAR.search(citation["citation"]):
        fields["year"] = year[1]
    if arxiv := _ARXIV.search(citation["citation"]):
        fields |= {"eprint": arxiv[1], "archiveprefix": "arXiv"}
    lines = [f"  {name} = {{{value if name == 'url' else _latex(value)}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _keys(citations: Sequence[Mapping[str, Any]]) -> list[str]:
    """The source of each citation, with a number where a source has several."""
    seen: dict[str, int] = {}
    keys = []
    for citation in citations:
        seen[citation["source_id"]] = n = seen.get(citation["source_id"], 0) + 1
        keys.append(citation["source_id"] if n == 1 else f"{citation['source_id']}_{n}")
    return keys


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in visible(text))


def _mdx(text: str) -> str:
    """A cell in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", visible(text))


def _text(lines: Any) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")
