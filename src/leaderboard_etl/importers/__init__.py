"""Turns files of others into rows of policy: each importer takes a file and the policy and returns rows, each with its link.

A person runs them (`python -m leaderboard_etl.importers --help`), so that the next edition of a file is one command; rows that
a person curated stay.
"""
