"""DuckDB itself: making, opening and removing a database, and what DuckDB has besides the SQL that any engine reads. No other
module of the project connects to a database."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb

from leaderboard_etl.errors import WarehouseError, first_line
from leaderboard_etl.memory import limit_memory
from leaderboard_etl.settings import Lake

# The engine's number of a row, valid while nothing is deleted from the table.
ROW_ID = "rowid"
# What a connection that writes a file calls it.
_WRITTEN = "written"
# Older clients, from DuckDB 1.5 on, can read what this storage version holds.
_STORAGE: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.5.0"}


def create(path: Path, *, most_memory_bytes: int | None = None) -> duckdb.DuckDBPyConnection:
    """A new empty file, open for writing. What a killed run left at `path` is removed first.

    `most_memory_bytes` is what the whole process should hold (see memory.limit_memory); null: half of what the machine or its
    cgroup allows.
    """
    remove(path)
    return open_to_write(path, most_memory_bytes=most_memory_bytes)


def open_to_write(path: Path, *, most_memory_bytes: int | None = None) -> duckdb.DuckDBPyConnection:
    """A file that only this run uses, open for writing; `most_memory_bytes` is that of `create`.

    It has no log: a run that is killed leaves a file that the next one removes, so nothing would ever be replayed from it.
    """
    con = _without_bar(duckdb.connect(":memory:", config={**_STORAGE, "temp_directory": str(_temporary_of(path))}))
    con.execute(f"attach {_quoted(str(path))} as {_WRITTEN} (recovery_mode no_wal_writes); use {_WRITTEN}")
    # A commit writes out what was committed once that is so much, and waits. With less it would write some of it many times, and
    # what is written by then takes the memory of DuckDB, uncompressed.
    con.execute("set preserve_insertion_order = true; set checkpoint_threshold = '256MB'")
    limit_memory(con, most_memory_bytes)
    return con


def open_file(path: Path) -> duckdb.DuckDBPyConnection:
    """A file, read-only. Raises duckdb.Error where it cannot be opened."""
    return _without_bar(duckdb.connect(str(path), read_only=True))


def in_memory() -> duckdb.DuckDBPyConnection:
    """A new empty database that no file holds."""
    return _without_bar(duckdb.connect(":memory:"))


def attach(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Lets `con` read another file under a name. Raises duckdb.Error if it cannot be opened."""
    con.execute(f"attach {_quoted(str(path))} as {name} (read_only)")


def attach_to_write(con: duckdb.DuckDBPyConnection, path: Path | None, name: str) -> None:
    """Lets `con` write a new file under a name, without a log as in open_to_write; null: a database that no file holds."""
    if path is None:
        con.execute(f"attach ':memory:' as {name}")
    else:
        con.execute(f"attach {_quoted(str(path))} as {name} (recovery_mode no_wal_writes)")


def finish_attached(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Writes what was committed into a file that is attached for writing, and lets go of it. Raises duckdb.Error."""
    con.execute(f"checkpoint {name}")
    con.execute(f"detach {name}")


@contextmanager
def within(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """Within the block names without a database are those of an attached one."""
    [(before,)] = con.execute("select current_database()").fetchall()
    con.execute(f"use {name}")
    try:
        yield
    finally:
        con.execute(f"use {before}")


def attach_lake(con: duckdb.DuckDBPyConnection, lake: Lake, name: str, *, is_read_only: bool) -> None:
    """Lets `con` read a lake under a name, or write it. Writing makes a lake where there is none.

    Raises WarehouseError if an extension of DuckDB is not installed, duckdb.Error if the lake cannot be opened.
    """
    for extension in _EXTENSIONS[lake.kind]:
        _load(con, extension)
    if lake.kind == "md":
        con.execute(f"attach {_quoted(lake.catalog)} as {name}{' (read_only)' * is_read_only}")
        return
    data_path = lake.data_path
    if data_path is None and lake.kind == "sqlite" and not _file_of(lake).exists():
        data_path = f"{_file_of(lake)}.files"
    if data_path is not None and data_path.startswith("s3://"):
        _reach_object_storage(con)
    # Rows in the catalog would save small files, but a column may then not be called row_id.
    options = "data_inlining_row_limit 0"
    if data_path is not None:
        options += f", data_path {_quoted(data_path.rstrip('/') + '/')}"
    if lake.kind == "sqlite" and not is_read_only:
        # With its write-ahead log SQLite lets readers and one writer work at the same time.
        options += ", meta_journal_mode 'WAL', meta_busy_timeout 10000"
    # Extensions are loaded here; DuckDB would look for one that is absent in the network.
    con.execute("set autoload_known_extensions = false")
    attach = f"attach {_quoted('ducklake:' + lake.catalog)} as {name} ({options}{', read_only' * is_read_only})"
    try:
        con.execute(attach)
    except duckdb.Error as error:
        # Only the catalog knows where the files are, and the extension takes a moment to load.
        if "extension httpfs" not in str(error):
            raise
        _reach_object_storage(con)
        con.execute(attach)


def is_no_lake(error: duckdb.Error, lake: Lake) -> bool:
    """Whether a lake could not be opened for reading because nobody has written one there yet."""
    if lake.kind == "sqlite" and not _file_of(lake).exists():
        return True
    return "creating a new DuckLake is explicitly disabled" in str(error)


def write_out(con: duckdb.DuckDBPyConnection) -> None:
    """Commits, writes what was committed into the file, compressed, and opens a transaction again if one was open. What is
    written next takes the room of what was deleted: without it the file grows by all that is replaced."""
    is_within = True
    try:
        con.execute("commit")
    except duckdb.TransactionException as error:
        if "no transaction is active" not in str(error):
            raise
        is_within = False
    con.execute("checkpoint")
    if is_within:
        con.begin()


def let_go(con: duckdb.DuckDBPyConnection) -> None:
    """Closes the file of a connection that `open_to_write` gave, after a checkpoint: closing writes as well, but hides a
    failure. The connection stays, in memory. Raises duckdb.Error."""
    con.execute(f"use memory; detach {_WRITTEN}")


def look_again(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Lets a connection that has let go of its file read what is on disk now, in a third of the time that another connection
    takes. Raises duckdb.Error if it cannot be opened."""
    attach(con, path, _WRITTEN)
    con.execute(f"use {_WRITTEN}")


def finish(con: duckdb.DuckDBPyConnection) -> None:
    """Writes what was committed into the file and closes it. Closing writes as well, but hides a failure, after which the file,
    which has no log, would hold less than was committed. Raises duckdb.Error."""
    con.execute("checkpoint")
    con.close()


@contextmanager
def writing_out(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within the block another thread writes what was committed into the file. `con` may read meanwhile; what it writes waits."""
    [(name,)] = con.execute("select current_database()").fetchall()
    with con.cursor() as cursor, ThreadPoolExecutor(1, thread_name_prefix="writing") as pool:
        written = pool.submit(cursor.execute, f"checkpoint {name}")
        yield
        try:
            written.result()
        except duckdb.TransactionException:  # the block was writing when it began, and DuckDB does not wait for that
            cursor.execute(f"checkpoint {name}")


def write_anew(path: Path, *, most_memory_bytes: int | None = None) -> None:
    """Writes a finished file again without the room of what it no longer holds. Raises duckdb.Error and OSError."""
    anew = _anew_of(path)
    con = create(anew, most_memory_bytes=most_memory_bytes)
    try:
        attach(con, path, "grown")
        con.execute(f"copy from database grown to {_WRITTEN}; detach grown; checkpoint")
    finally:
        con.close()
    anew.replace(path)


def log_of(path: Path) -> Path:
    """Where DuckDB keeps what a writer has not checkpointed; a finished file has no such log."""
    return path.with_name(path.name + ".wal")


def files_of(path: Path) -> list[Path]:
    """A file and all that DuckDB keeps beside it while it is written, as far as they are there."""
    anew = _anew_of(path)
    all_of = (path, log_of(path), _temporary_of(path), anew, log_of(anew), _temporary_of(anew))
    return [each for each in all_of if each.exists()]


def remove(path: Path) -> None:
    """Removes a file with all that DuckDB keeps beside it."""
    for each in files_of(path):
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


# What DuckDB needs besides itself, by the kind of a lake's catalog.
_EXTENSIONS = {
    "sqlite": ("sqlite_scanner", "ducklake"),
    "postgres": ("postgres_scanner", "ducklake"),
    "md": ("motherduck",),
}
# DuckDB's names for what the environment says of an object store.
_S3_OPTIONS = {
    "key_id": "AWS_ACCESS_KEY_ID",
    "secret": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "region": "AWS_REGION",
}


def _file_of(lake: Lake) -> Path:
    """The catalog of a lake in SQLite."""
    return Path(lake.catalog.removeprefix("sqlite:"))


def _reach_object_storage(con: duckdb.DuckDBPyConnection) -> None:
    """Lets `con` read and write files on object storage, with what the environment says of it."""
    _load(con, "httpfs")
    store = ", ".join(f"{option} {_quoted(value)}" for option, value in _s3_options(os.environ).items())
    con.execute(f"create or replace secret (type s3{', ' * bool(store)}{store})")


def _s3_options(environment: Mapping[str, str]) -> dict[str, str]:
    options = {option: environment[name] for option, name in _S3_OPTIONS.items() if environment.get(name)}
    scheme, _, host = (environment.get("AWS_ENDPOINT_URL") or "").partition("://")
    if host:
        options |= {"endpoint": host.rstrip("/"), "url_style": "path", "use_ssl": str(scheme == "https").lower()}
    return options


def _load(con: duckdb.DuckDBPyConnection, extension: str) -> None:
    """Loads an extension from its Python package or, if there is none, as DuckDB itself installed it."""
    package = importlib.util.find_spec(f"duckdb_extension_{extension}")
    places = package.submodule_search_locations if package is not None else None
    file = f"extensions/v{duckdb.__version__}/{extension}.duckdb_extension"
    found = next((path for path in (Path(place) / file for place in places or ()) if path.exists()), None)
    try:
        con.execute(f"load {extension}" if found is None else f"load {_quoted(str(found))}")
    except duckdb.Error as error:
        raise WarehouseError(
            f"DuckDB {duckdb.__version__} cannot load its extension {extension} ({first_line(error)[:200]}): install the versions"
            " that belong together, `pip install -c constraints-ducklake.txt 'leaderboard-etl[ducklake]'`"
        ) from error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _temporary_of(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _anew_of(path: Path) -> Path:
    return path.with_name(path.name + ".anew")


def _without_bar(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """DuckDB would draw a bar for a statement of two seconds in the middle of the output, also into a pipe."""
    con.execute("set enable_progress_bar = false")
    return con
