"""From landed bytes to frames, a batch at a time."""
