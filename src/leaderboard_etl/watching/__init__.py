"""Who learns of a run's end: a webhook or a command, and a file of metrics for a monitor."""
