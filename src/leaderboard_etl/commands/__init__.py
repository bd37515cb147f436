"""One module a group of commands: what they print and the exit code they end with."""
