"""One module per group of commands: how they are called, what they print, and the exit code they end with."""
