"""Where statements come from: one folder per source, with its description and its parser; `shared` is what several use.

Read `description.py` (what a source says of itself), `base.py` (what a parser gets and gives), one source (`bigcode` is a short
one), and `rules.py` (what every record must keep). `registry.py` finds the sources.
"""
