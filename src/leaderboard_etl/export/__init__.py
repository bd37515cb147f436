"""Snapshots of the warehouse that drop into the article, byte for byte the same for the same state."""
