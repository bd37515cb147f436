"""What tells others of a run when it ends: a webhook or a command, and a file of metrics."""
