"""From what sources say to what we hold: units, baselines, sizes, licences, identity. Pure Polars."""
