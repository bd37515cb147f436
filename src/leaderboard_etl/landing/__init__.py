"""From the Hub into raw: decides what to ask for, and lands the answers that are new. Connects `hub` and `raw`."""
