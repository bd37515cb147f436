"""What lies in a snapshot for whoever cites it or passes it on: the licences of its data, and how to cite it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import yaml

CITATION = "CITATION.cff"
LICENSES = "LICENSE-DATA.md"
TITLE = "Scores of open and proprietary language models"
_SPDX = "https://spdx.org/licenses"


def licenses_page(citations: Iterable[Mapping[str, Any]], made: str) -> str:
    """LICENSE-DATA.md: one row for each row of core.citations; `made` says where the page comes from."""
    lines = [
        "# Licences of the data",
        "",
        "The data keep the licences of their sources. Under a licence of the second column anyone may pass them on, with the",
        "citation; where it is blank no such licence is stated: a work may be cited and linked, and passing it on is the",
        f"reader's own judgement. The code is under Apache-2.0. {made}",
        "",
        "| source | may be passed on under | licence as stated | to cite | link |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in citations:
        source = f"`{row['source_id']}`" + (f" {row['collection_id']}" if row.get("collection_id") else "")
        license_id = row.get("license_id") or ""
        lines.append(f"| {source} | {license_id} | {row['license']} | {row['citation']} | <{row['source_url']}> |")
    return "\n".join(lines) + "\n"


def citation_file(citations: Sequence[Mapping[str, Any]], day: date) -> bytes:
    """CITATION.cff (https://citation-file-format.github.io) of the snapshot as of a day, with the works that it rests on."""
    # Two parts may rest on one work, and the format wants each once.
    works = {row["citation"]: row for row in citations}.values()
    told = {
        "cff-version": "1.2.0",
        "message": "Cite this snapshot by its day, and the works of the values that you use: see LICENSE-DATA.md.",
        "title": f"{TITLE}, as of {day}",
        "type": "dataset",
        "version": day.isoformat(),
        "date-released": day.isoformat(),
        "authors": [{"name": "The leaderboard-etl maintainers"}],
        "references": [
            {
                "type": "data",
                "title": row["citation"],
                "url": row["source_url"],
                "authors": [{"name": _authors(row["citation"])}],
                **({"license": row["license_id"]} if row.get("license_id") else {}),
            }
            for row in works
        ],
    }
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120).encode("utf-8")


def license_entries(citations: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The licences under which anyone may pass parts of the data on, by SPDX id, with the sources that each covers."""
    sources_by_id: dict[str, set[str]] = {}
    for row in citations:
        if row.get("license_id"):
            sources_by_id.setdefault(row["license_id"], set()).add(row.get("collection_id") or row["source_id"])
    return [
        {"name": name, "path": license_url(name), "title": f"of {', '.join(sorted(sources))}"}
        for name, sources in sorted(sources_by_id.items())
    ]


def license_url(license_id: str) -> str:
    """The text of a licence, by its SPDX id."""
    return f"{_SPDX}/{license_id}.html"


def _authors(citation: str) -> str:
    """Who made a work: what stands before the first comma of its citation, as the descriptions of the sources write them."""
    return citation.split(",")[0].split(" (")[0]
