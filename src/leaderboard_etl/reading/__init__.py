"""From landed bytes to frames, one batch at a time."""
