"""Sizes of models: read out of names, and counted from what a config.json states."""
