"""Which code made something: a hash of the code that decides the content, so that a comment or a command's wording does not
count.

A module counts by its statements, without comments, docstrings and layout. The modules are those that an entry imports,
directly or through others. SQL and templates count byte by byte, because their comments become the dictionary. Policy is
not code: each load lands the CSV files that it judged by.

To parse all modules takes as long as to judge a past day. So a version is kept beside the compiled modules, for the files as they
are, as Python keeps these.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from leaderboard_etl import __version__
from leaderboard_etl.settings import PACKAGE, resource

_ROOT = PACKAGE.name
_FOLD = (("target.file", "warehouse.audit"), ("schema", "macros", "views", "inputs", "claims", "checks"))
_EXPORTS = (("export.snapshot",), ("exports", "report", "explorer"))
_TEMPLATES = (".html", ".css", ".js", ".jinja")
# The module that imports the folders of its own package, whatever they are called; the template is copied, never run.
_REGISTRY, _NOT_RUN = "sources.registry", "template"


@dataclass(frozen=True)
class Code:
    """A module: a hash of its statements, and the names below the package that it imports."""

    digest: str
    imports: tuple[str, ...]


@cache
def code_version() -> str:
    """Version and hash of what decides the tables: the same text, the same tables from the same raw."""
    return _kept("code_version", lambda: _version(*_FOLD))


@cache
def export_version() -> str:
    """Version and hash of what decides the files of an export of given tables."""
    templates = (path for path in PACKAGE.rglob("*") if path.suffix in _TEMPLATES)
    return _kept("export_version", lambda: _version(*_EXPORTS, templates))


@cache
def code_files() -> str:
    """What tells the files of the code from every other, without reading them. A copy of a file, and one that another release
    brought with the same size and date, has another time of change."""
    files = (path for folder in (PACKAGE, resource("sql")) for path in folder.rglob("*.*") if path.is_file())
    facts = ((str(path), path.stat()) for path in files if path.suffix != ".pyc")
    said = sorted((name, fact.st_size, fact.st_mtime_ns, fact.st_ctime_ns) for name, fact in facts)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def modules_of(*entries: str) -> dict[str, Code]:
    """The modules of the package that the entries import, themselves included, each by its name below the package."""
    modules: dict[str, Code] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        file = _file(name)
        if name in modules or file is None:
            continue
        modules[name] = _read(file)
        waiting += modules[name].imports
        if name == _REGISTRY:
            folders = {path.parent.name for path in file.parent.glob("*/__init__.py")} - {_NOT_RUN}
            waiting += [f"sources.{folder}" for folder in sorted(folders)]
    return modules


def statements(node: object) -> str:
    """A syntax tree as a text without positions, docstrings and absent parts: equal if the code is equal."""
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts)


def _kept(name: str, make: Callable[[], str]) -> str:
    """A version, read where it is kept for the files as they are; else made, and kept where the folder can be written."""
    kept = PACKAGE / "__pycache__" / name
    with suppress(OSError, ValueError):
        of_files, version = kept.read_text(encoding="utf-8").split()
        if of_files == code_files():
            return version
    version = make()
    # Another process may read it meanwhile, and the disk be full.
    part = kept.with_name(f"{name}.{os.getpid()}")
    with suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        part.write_text(f"{code_files()} {version}\n", encoding="utf-8")
        part.rename(kept)
    with suppress(OSError):
        part.unlink(missing_ok=True)
    return version


def _version(entries: tuple[str, ...], folders: tuple[str, ...], files: Iterator[Path] | tuple[Path, ...] = ()) -> str:
    digest = hashlib.sha256()
    for name, code in sorted(modules_of(*entries).items()):
        digest.update(f"{name}\0{code.digest}\0".encode())
    sql = (path for folder in folders for path in (resource("sql") / folder).glob("*.sql"))
    for path in sorted((*sql, *files), key=lambda path: (path.parent.name, path.name)):
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"{__version__}+{digest.hexdigest()[:12]}"


@cache
def _read(file: Path) -> Code:
    """Cached, because both versions read most modules."""
    tree = ast.parse(file.read_bytes())
    return Code(hashlib.sha256(statements(tree).encode()).hexdigest(), tuple(_imports(tree)))


def _write(node: object, parts: list[str]) -> None:
    """Adds the text of a part of a tree. Nested tuples, of which a package has two hundred thousand, would take five times as
    long, most of it in the collector of garbage."""
    if isinstance(node, list):
        parts.append("[")
        for part in node:
            _write(part, parts)
        parts.append("]")
    elif not isinstance(node, ast.AST):
        parts.append(repr(node))
    else:
        parts.append(f"{type(node).__name__}(")
        for name in node._fields:
            value: Any = getattr(node, name, None)
            if name == "body" and _has_docstring(node):
                value = value[1:]
            if value is not None and value != []:
                parts.append(f"{name}=")
                _write(value, parts)
        parts.append(")")


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in _lines(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == _ROOT:
            below = node.module.removeprefix(_ROOT).removeprefix(".")
            yield below
            for alias in node.names:
                yield f"{below}.{alias.name}".removeprefix(".")


def _lines(node: ast.AST) -> Iterator[ast.AST]:
    """A node with the statements in it, without their expressions, in which nothing is imported."""
    yield node
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        within = getattr(node, name, None)
        for each in within if isinstance(within, list) else ():
            yield from _lines(each)


def _file(name: str) -> Path | None:
    path = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _has_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and bool(node.body)
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
        and isinstance(node.body[0].value.value, str)
    )
