"""A connection for queries that anyone may have written: it reads the tables and reaches nothing else."""

from __future__ import annotations

import duckdb

# With external access disabled a query can still write to the opened file and beside it, because DuckDB itself must:
# `copy … to 'leaderboard.duckdb' (use_tmp_file false)` did. Without the file system nothing can, so DuckDB cannot spill to a
# file either: a query fits into the memory or fails. The order matters: the lock comes last.
_LOCKS = (
    "python_enable_replacements = false",
    "autoload_known_extensions = false",
    "autoinstall_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "temp_directory = ''",
    "enable_external_access = false",
    "disabled_filesystems = 'LocalFileSystem'",
    "lock_configuration = true",
)
# Of DuckDB's default, four fifths of the machine's memory, because a night may be building at the same time.
_SHARE_OF_MEMORY = 0.5
_REFUSALS = (
    "disabled by configuration",
    "disabled through configuration",
    "configuration has been locked",
    "LocalFileSystem disabled",
    "Persistent secrets are disabled",
    "read-only mode",
)


def lock(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Permanently denies `con` files, network, extensions, the caller's variables and all settings, and returns it.

    Attached databases stay readable. Threads and memory must be set before.
    """
    limit, unit = con.execute("select current_setting('memory_limit')").fetchall()[0][0].split()
    con.execute(f"set memory_limit = '{float(limit) * _SHARE_OF_MEMORY:.2f} {unit}'")
    for setting in _LOCKS:
        con.execute(f"set {setting}")
    return con


def is_refusal(error: duckdb.Error) -> bool:
    """Whether a query failed because a locked connection may not do that."""
    return isinstance(error, duckdb.PermissionException) or any(sign in str(error) for sign in _REFUSALS)
