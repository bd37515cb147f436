"""Writes README.md of a snapshot, on the Hub the dataset's card: what each table holds, what is left out, where it came from,
and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard_etl.export.citing import CITATION, LICENSES, TITLE
from leaderboard_etl.export.explorer import PAGE
from leaderboard_etl.export.manifest import MANIFEST
from leaderboard_etl.export.tables import EXPORTS, Export

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def folder_readme(manifest: Mapping[str, Any]) -> bytes:
    """The README.md of a folder. Its text depends only on the manifest."""
    usage = (
        "```python\nimport polars as pl\n\n"
        f'scaling = pl.read_parquet("{EXPORTS[0].parquet_name}")  # or any reader of CSV: {EXPORTS[0].name}\n```\n\n'
        f"Or open `{PAGE}` in a browser: every model, score and claim, to search and filter."
    )
    tables = (
        "Each is a CSV or JSON file, and a Parquet file with the same rows. `datapackage.json` and `croissant.json` describe the"
        " folder for tools, `manifest.json` has the hash of every file and of the query that made it."
    )
    cite = f"Cite the snapshot as `{CITATION}` says, and the works whose values you use."
    return ("\n\n".join(_parts(manifest, usage, tables, cite)) + "\n").encode("utf-8")


def dataset_card(manifest: Mapping[str, Any], repo_id: str, endpoint: str) -> bytes:
    """The README.md of a dataset on the Hub. Its metadata block and its text depend only on the manifest and the repository."""
    from huggingface_hub import DatasetCardData

    tag = f"as-of-{manifest['as_of']}"
    rows = max(manifest["files"][export.name]["rows"] for export in EXPORTS)
    data = DatasetCardData(
        pretty_name=TITLE,
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
    tables = (
        "Each is a configuration of this dataset, and a CSV or JSON file beside it with the same rows. `datapackage.json` and"
        " `croissant.json` describe the folder for tools, `manifest.json` has the hash of every file and of the query that made"
        " it."
    )
    parts = _parts(manifest, _usage(repo_id, tag), tables, _citation(manifest, repo_id, endpoint, tag))
    return ("\n\n".join((f"---\n{data.to_yaml()}\n---", *parts)) + "\n").encode("utf-8")


def space_card(manifest: Mapping[str, Any]) -> bytes:
    """The README.md of a static Space that shows the explorer. It depends only on the manifest."""
    import yaml

    head = {
        "title": TITLE,
        "colorFrom": "blue",
        "colorTo": "yellow",
        "sdk": "static",
        "app_file": PAGE,
        "pinned": False,
        "license": "other",
        "tags": ["leaderboard", "language-models", "benchmarks"],
    }
    body = (
        f"# {TITLE}\n\nEvery model, score, gap and claim of the state as of {manifest['as_of']} (UTC), to search and filter,"
        " with the place that each value came from. Written by leaderboard-etl; not edited by hand."
        f" `{LICENSES}` says who published the values and under which licence, `{CITATION}` how to cite them, and `{MANIFEST}`"
        " has the hash of every file."
    )
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n{body}\n".encode()


def _parts(manifest: Mapping[str, Any], usage: str, tables: str, cite: str) -> list[str]:
    return [
        f"# {TITLE}",
        f"The state as of {manifest['as_of']} (UTC): scores, sizes, gaps and lags of open-weights and proprietary models, with"
        " the place that each value came from. Written by leaderboard-etl; not edited by hand.",
        usage,
        "## Tables",
        tables,
        *(_table(export, manifest) for export in EXPORTS),
        "## What is not in it",
        *_what_is_left_out(manifest),
        "## Provenance",
        *_provenance(manifest),
        "## Sources and licences",
        f"The values keep the licences of their sources; `{LICENSES}` says which may be passed on under which licence. Cite"
        " those whose values you use:",
        "\n".join(
            f"- {_text(row['citation'])}. Licence: {_text(row['license'])}. <{row['source_url']}> ({row['source_id']})"
            for row in manifest["citations"]
        ),
        "## Citation",
        cite,
    ]


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
        f"  title = {{{TITLE}, as of {day}}},\n"
        f"  year = {{{day[:4]}}},\n  howpublished = {{\\url{{{endpoint}/datasets/{repo_id}}}}},\n  note = {{Tag {tag}}}\n}}\n```"
    )


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
