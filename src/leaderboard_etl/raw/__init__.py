"""The landing store: the unchanged bytes that the Hub served, addressed by content, and the ledger of loads beside
them."""
