"""Writes the page docs/sources.md from the descriptions of the sources."""

from __future__ import annotations

from leaderboard_etl.normalize.trust import Kind, order
from leaderboard_etl.policy.schema import policy_tables
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.reporters import REPORTERS

_FACTS: dict[Kind, str] = {
    "spelling": "the letter case of a repository's name",
    "repository": "architecture, licence, base model, availability",
    "release": "display name, organization, family, openness, tuning, training tokens",
    "experts": "whether it is a mixture of experts (other sources are ignored)",
}


def sources_page() -> str:
    """The text of docs/sources.md."""
    lines = [
        "# Sources",
        "",
        "Each source is a folder of `src/leaderboard_etl/sources/` with its description and its parser. This page is generated",
        "from the descriptions (`make docs`); `core.sources`, `core.citations` and `core.reporters` hold the same.",
        "[`adding_a_source.md`](adding_a_source.md) says how one is added, [`odd_forms.md`](odd_forms.md) how odd forms are",
        "read.",
        "",
        "## Where they are, and who reports",
        "",
        "| source | what | where | reported by | names |",
        "| --- | --- | --- | --- | --- |",
        *(_where_row(source) for source in SOURCES.values()),
        "",
        "## Left out on purpose",
        "",
        "Whatever is not listed here and has a column in the tables is stored, or is in quarantine with its text and its",
        "place.",
        "",
        "| source | what is not loaded | why |",
        "| --- | --- | --- |",
        *(f"| `{s.source_id}` | {s.left_out} | {s.left_out_because} |" for s in SOURCES.values()),
        "",
        "## Which source has priority",
        "",
        "Where several sources state a fact about a model, the first of these that does; sources without a rank come last, in",
        "order of their names. Dates and sizes go by their evidence: `released_on_method`, `policy/parameter_methods.csv`.",
        "",
        "| fact | order |",
        "| --- | --- |",
        *(f"| {fact} | {', '.join(f'`{source_id}`' for source_id in order(kind))} |" for kind, fact in _FACTS.items()),
        "",
        "Of a model's scores in one group, charts show the one by the first of these reporters; values that are not",
        "charted are kept in `core.scores`.",
        "",
        "| rank | reported by | who that is |",
        "| --- | --- | --- |",
        *(
            f"| {r.chart_rank if r.is_charted else 'not charted'} | `{r.reported_by}` | {r.meaning} |"
            for r in sorted(REPORTERS, key=lambda r: (not r.is_charted, r.chart_rank))
        ),
    ]
    return "\n".join(lines) + "\n"


def _where_row(source: Source) -> str:
    here = [f"`{table.csv}`" for table in policy_tables().values() if source.wants(f"{table.name}.csv")]
    where = {"model": "the models' own repositories", "project": f"{', '.join(here)} of this project"}
    if source.link_pattern and source.repo_id:
        address = source.link_pattern.partition("/blob/")[0].replace("{repo_id}", source.repo_id)
        where[source.repo_type] = f"[{source.repo_type} {source.repo_id}]({address})"
    names = {"hub": "repositories of the Hub", "own": "its own", "model_id": "ours", "coined": "coined"}[source.names]
    reporters = ", ".join(f"`{name}`" for name in source.reported_by) or "no scores"
    return f"| `{source.source_id}` | {source.title} | {where[source.repo_type]} | {reporters} | {names} |"
