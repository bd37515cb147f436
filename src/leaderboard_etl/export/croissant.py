"""Writes croissant.json, which describes the tables for machine learning tools (https://docs.mlcommons.org/croissant/docs/croissant-spec.html)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from leaderboard_etl.export.citing import TITLE, license_entries, license_url
from leaderboard_etl.export.manifest import dumped
from leaderboard_etl.export.tables import Export, Selection

CROISSANT = "croissant.json"
_DATA_TYPES: Mapping[Any, str] = {
    pl.String: "sc:Text",
    pl.Float64: "sc:Float",
    pl.Int64: "sc:Integer",
    pl.Int32: "sc:Integer",
    pl.Boolean: "sc:Boolean",
    pl.Date: "sc:Date",
}
# The names of the vocabulary, as the specification wants them in every file.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(
    answers: Mapping[Export, Selection], files: Mapping[str, bytes], day: date, citations: list[dict[str, Any]]
) -> bytes:
    """The description of the Parquet files of a snapshot: each is a record set with a field for each column.

    `answers` are the tables, `files` the bytes by name, and `citations` the rows of core.citations.
    """
    return dumped(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": "leaderboard-etl-snapshot",
            "description": f"{TITLE}, with the place that each value came from: the state at the end of {day}, UTC.",
            "version": f"{day.year}.{day.month}.{day.day}",
            "datePublished": day.isoformat(),
            "license": [license_url(entry["name"]) for entry in license_entries(citations)],
            "citeAs": f"{TITLE}, as of {day}, and the works of the values used: {'; '.join(c['citation'] for c in citations)}",
            "distribution": [_file(export, files[export.parquet_name]) for export in answers],
            "recordSet": [_record_set(export, answer.shown) for export, answer in answers.items()],
        }
    )


def _file(export: Export, content: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": export.parquet_name,
        "name": export.parquet_name,
        "contentUrl": export.parquet_name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": "application/x-parquet",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _record_set(export: Export, frame: pl.DataFrame) -> dict[str, Any]:
    description, columns = export.describe()
    meanings = {column.name: column.comment for column in columns}
    key = {} if export.has_blank_keys else {"key": [{"@id": f"{export.stem}/{name}"} for name in export.key]}
    return {
        "@type": "cr:RecordSet",
        "@id": export.stem,
        "name": export.stem,
        "description": description,
        **key,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{export.stem}/{name}",
                "name": f"{export.stem}/{name}",
                "description": meanings[name],
                "dataType": _DATA_TYPES[dtype.base_type()],
                "source": {"fileObject": {"@id": export.parquet_name}, "extract": {"column": name}},
            }
            for name, dtype in frame.schema.items()
        ],
    }
