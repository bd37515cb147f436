"""Engine-specific code is in two places only: engine.py connects, and target/ decides where the tables are stored."""

from __future__ import annotations

import re

from leaderboard_etl.settings import PACKAGE, resource

OWN = {
    # Engine-specific names, and the files that may contain them.
    r"duckdb\.connect|storage_compatibility_version": ("engine.py",),
    r"(?i)(?<!without )\browid\b": ("engine.py",),
    r"[\"']\.?(duckdb)?\.wal\b|\.wal\b": ("engine.py",),
    r"os\.replace|os\.rename|_published\b.*replace|replace\(.*_published": ("target/file.py", "target/ducklake.py"),
    r"warehouse\.staging": ("target/__init__.py", "target/ducklake.py", "doctor/folder.py"),
    r"open_file\(": (
        "engine.py",
        "target/file.py",
        "target/ducklake.py",
        "target/past.py",
        "doctor/",
        "export/database.py",
    ),
}


def test_engine_specific_code_is_only_in_the_target_package() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}
    files |= {f"{folder}/{file.name}": file for folder in ("sql", "flows") for file in resource(folder).rglob("*.*")}
    elsewhere = []
    for name, file in files.items():
        if file.suffix not in (".py", ".sql"):
            continue
        text = file.read_text(encoding="utf-8")
        elsewhere += [
            f"{name}: {found.group()}"
            for own, places in OWN.items()
            if not name.startswith(places)
            for found in re.finditer(own, text)
        ]
    assert elsewhere == []


def test_the_versions_for_a_lake_are_the_project_s_but_for_duckdb() -> None:
    root = PACKAGE.parents[1]
    ours, lake = (
        {line for line in (root / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
        for name in ("constraints.txt", "constraints-ducklake.txt")
    )
    assert {line.partition("==")[0] for line in ours - lake} == {"duckdb"}
    assert {line.partition("==")[2] for line in lake - ours} == {"1.5.5"}
