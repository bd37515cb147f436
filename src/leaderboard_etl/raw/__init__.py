"""The landing store: what the Hub served, unchanged, addressed by content, with the ledger of loads beside it."""
