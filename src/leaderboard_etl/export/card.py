"""Writes the card of the published dataset: what each table holds, what is left out, where it came from, and how to
cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard_etl.export.tables import EXPORTS, Export

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TITLE = "Scores of open and proprietary language models"


def dataset_card(manifest: Mapping[str, Any], repo_id: str, endpoint: str) -> bytes:
    """The README.md of a snapshot. Its metadata block and its text depend only on the manifest."""
    from huggingface_hub import DatasetCardData

    tag = f"as-of-{manifest['as_of']}"
    rows = max(manifest["files"][export.name]["rows"] for export in EXPORTS)
    data = DatasetCardData(
        pretty_name=_TITLE,
        license="other",
        license_name="licences-of-the-sources",
        license_link=f"{endpoint}/datasets/{repo_id}#sources-and-licences",
        size_categories=next((name for limit, name in _SIZES if rows < limit), "n>1M"),
        tags=["leaderboard", "language-models", "benchmarks", tag],
        configs=[
            {"config_name": export.stem, "data_files": export.parquet_name, **({"default": True} if not number else {})}
            for number, export in enumerate(EXPORTS)
        ],
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {_TITLE}",
        f"The state as of {manifest['as_of']} (UTC): scores, sizes, gaps and lags of open-weights and proprietary models, with"
        " the place that each value came from. Written by leaderboard-etl; not edited by hand.",
        _usage(repo_id, tag),
        "## Tables",
        "Each is a configuration of this dataset, and a CSV or JSON file beside it with the same rows. `datapackage.json`"
        " describes the folder for tools, `manifest.json` has the hash of every file and of the query that made it.",
        *(_table(export, manifest) for export in EXPORTS),
        "## What is not in it",
        *_what_is_left_out(manifest),
        "## Provenance",
        *_provenance(manifest),
        "## Sources and licences",
        "The values keep the licences of their sources. Cite those whose values you use:",
        "\n".join(
            f"- {_text(row['citation'])}. Licence: {_text(row['license'])}. <{row['source_url']}> ({row['source_id']})"
            for row in manifest["citations"]
        ),
        "## Citation",
        _citation(manifest, repo_id, endpoint, tag),
    ]
    return ("\n\n".join(parts) + "\n").encode("utf-8")


def _usage(repo_id: str, tag: str) -> str:
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'scaling = load_dataset("{repo_id}", "{EXPORTS[0].stem}", split="train", revision="{tag}")\n```'
    )


def _table(export: Export, manifest: Mapping[str, Any]) -> str:
    description, columns = export.describe()
    facts = manifest["files"][export.name]
    types = {column["name"]: column["type"] for column in facts["columns"]}
    lines = [f"### {export.stem}", "", f"{description} {facts['rows']:,} rows.", "", "| column | type | meaning |"]
    lines += ["| --- | --- | --- |", *(f"| {c.name} | {types[c.name]} | {_cell(c.comment)} |" for c in columns)]
    return "\n".join(lines)


def _what_is_left_out(manifest: Mapping[str, Any]) -> list[str]:
    """Counts by group and side how many models a chart of score against size can show; only groups that have both
    sides."""
    coverage = manifest["coverage"]
    rows_by_side = {(row["comparable_group"], row["openness"]): row for row in coverage}
    groups = [group for group, openness in rows_by_side if openness == "proprietary"]
    lines = ["| comparable group | side | scored | with size | with size and date |", "| --- | --- | --- | --- | --- |"]
    for group in groups:
        for openness in ("open_weights", "proprietary"):
            if row := rows_by_side.get((group, openness)):
                counts = f"{row['n_scored']} | {row['n_with_params']} | {row['n_plottable']}"
                lines.append(f"| {group} | {openness} | {counts} |")
    return [
        "Most proprietary models have no published size, so score against size cannot show them: that side is thin, not low."
        " Counted here are models of every population, fine-tunes and merges too; the tables of the charts hold official"
        " releases only. Counts and names of what they leave out, with the reason, are in `manifest.json` under `excluded`.",
        "\n".join(lines),
    ]


def _provenance(manifest: Mapping[str, Any]) -> list[str]:
    lines = ["| source | revision | load |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {_revision(source)} | {source['load_id'] or ''} |"
        for name, source in sorted(manifest["sources"].items())
    ]
    load_ids = ", ".join(str(load_id) for load_id in manifest["load_ids"])
    return [
        f"Read from {manifest['hub']}, loads {load_ids}, by code {manifest['code_version']}. The commit of each source:",
        "\n".join(lines),
    ]


def _revision(source: Mapping[str, Any]) -> str:
    """The commit that a source is at, and why the newest load could not take a newer one."""
    at = source["revision"] or ("many repositories" if source["load_id"] else "never loaded")
    return f"{at}; {source['state']}: {_cell(source['message'] or '')}" if "message" in source else at


def _citation(manifest: Mapping[str, Any], repo_id: str, endpoint: str, tag: str) -> str:
    day = manifest["as_of"]
    return (
        f"```bibtex\n@misc{{leaderboard_etl_{day.replace('-', '_')},\n  author = {{{{{repo_id.split('/')[0]}}}}},\n"
        f"  title = {{{_TITLE}, as of {day}}},\n"
        f"  year = {{{day[:4]}}},\n  howpublished = {{\\url{{{endpoint}/datasets/{repo_id}}}}},\n  note = {{Tag {tag}}}\n}}\n```"
    )


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
