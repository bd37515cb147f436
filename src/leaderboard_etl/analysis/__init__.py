"""Analyses of the published tables: frames in, frames out, no I/O and no warehouse."""
