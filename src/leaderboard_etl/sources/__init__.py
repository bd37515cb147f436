"""Where statements come from: one folder per source, with its description and its parser; `shared` is what several use.

Read `description.py` (the description of a source), `base.py` (what a parser takes and returns), one source (`bigcode` is a
short one), and `rules.py` (the rules for every record). `registry.py` finds the sources.
"""
