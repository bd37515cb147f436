"""A connection for questions that anyone may have written: it answers from the tables and reaches nothing else."""

from __future__ import annotations

import duckdb

# Without external access alone a query may still write over the opened file and beside it, for DuckDB itself must:
# `copy … to 'leaderboard.duckdb' (use_tmp_file false)` did. Without its file system nothing can, so there is also
# no spilling to a file: a question answers within the memory or not at all. The order matters: the lock comes last.
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
_SHARE_OF_MEMORY = (
    0.5  # of what DuckDB would take, four fifths of the machine: a night may be building at the same time
)
_REFUSALS = (
    "disabled by configuration",
    "disabled through configuration",
    "configuration has been locked",
    "LocalFileSystem disabled",
    "Persistent secrets are disabled",
    "read-only mode",
)


def lock(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Takes files, network, extensions, the caller's variables and all settings from `con`, for good, and returns it.

    What is attached stays readable. Threads and memory must be set before.
    """
    limit, unit = con.execute("select current_setting('memory_limit')").fetchall()[0][0].split()
    con.execute(f"set memory_limit = '{float(limit) * _SHARE_OF_MEMORY:.2f} {unit}'")
    for setting in _LOCKS:
        con.execute(f"set {setting}")
    return con


def is_refusal(error: duckdb.Error) -> bool:
    """Whether a query failed for what a locked connection may not do."""
    return isinstance(error, duckdb.PermissionException) or any(sign in str(error) for sign in _REFUSALS)
