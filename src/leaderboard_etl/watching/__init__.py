"""Reports how a run ended: to a webhook or a command, and in a metrics file for a monitor."""
