"""From the statements of sources to our judgement: sizes, licences, identity, lineage. Pure Polars."""
