"""Locks a connection so that it can run anyone's queries: it reads the tables and can reach nothing else."""

from __future__ import annotations

import duckdb

# Disabling external access is not enough: a query can still write to the opened file and beside it, as
# `copy … to 'leaderboard.duckdb' (use_tmp_file false)` did. So the file system is disabled too. DuckDB then cannot spill to
# a file either: a query that does not fit into memory fails. The order matters: the lock comes last.
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
# A share of DuckDB's default (four fifths of the machine's memory), because a night may be running at the same time.
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
    """Permanently denies `con` access to files, network, extensions, the caller's variables and all settings; returns
    `con`.

    Attached databases stay readable. Threads and memory must be set before this call.
    """
    limit, unit = con.execute("select current_setting('memory_limit')").fetchall()[0][0].split()
    con.execute(f"set memory_limit = '{float(limit) * _SHARE_OF_MEMORY:.2f} {unit}'")
    for setting in _LOCKS:
        con.execute(f"set {setting}")
    return con


def is_refusal(error: duckdb.Error) -> bool:
    """Whether a query failed because it needs something that a locked connection may not do."""
    return isinstance(error, duckdb.PermissionException) or any(sign in str(error) for sign in _REFUSALS)
