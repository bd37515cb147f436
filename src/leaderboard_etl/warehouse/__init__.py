"""What the tables hold: history folded from raw and ledger, then core, marts and audit."""
