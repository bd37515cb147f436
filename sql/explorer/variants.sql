-- The benchmarks with their protocol, one row per variant: what a score is of.
select variant_id, display_name, metric, caveats, source_url
from core.benchmarks
order by variant_id
