"""From the Hub into raw: what to ask for, and which answers are new and landed. Brings `hub` and `raw` together."""
