"""Snapshots of the warehouse for the article; the same state gives the same bytes."""
