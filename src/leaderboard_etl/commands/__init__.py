"""One module per group of commands: their arguments, their output, and their exit codes."""
