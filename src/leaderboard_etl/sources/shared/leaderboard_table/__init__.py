"""The tables of the Open LLM Leaderboards: from bytes of any era to canonical columns, and from those to rows."""
