"""Files of others, once read, as rows of policy: each importer takes a file and the policy and gives rows, each with its link.

They are run by hand (`python -m leaderboard_etl.importers --help`), so that the next edition of a file is one command, and what
a person curated stays.
"""
