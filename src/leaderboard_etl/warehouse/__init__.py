"""Builds the contents of the tables: history from raw and ledger, then core, marts and the audit."""
