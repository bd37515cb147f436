"""The tables of the Open LLM Leaderboards: bytes to canonical columns of any era, and those to rows."""
