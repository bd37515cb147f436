"""Sizes of models: read from names, and computed from a config.json."""
