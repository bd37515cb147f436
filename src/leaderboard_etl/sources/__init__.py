"""One module a source: which files it wants, and a pure function from their bytes to frames."""
