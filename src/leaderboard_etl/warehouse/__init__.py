"""The DuckDB file: folded from raw and ledger into a staging file, audited, and put in place of the published one."""
