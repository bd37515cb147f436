"""From the Hub into raw: what is asked for, and what of the answers is new and landed. Brings `hub` and `raw` together."""
