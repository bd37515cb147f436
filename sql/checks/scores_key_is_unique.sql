-- check: two current scores with one key
-- severity: error
select source_id, source_name, variant_id, precision, has_chat_template, setting, run_id, count(*) as n_rows
from core.scores
group by all
having count(*) > 1
