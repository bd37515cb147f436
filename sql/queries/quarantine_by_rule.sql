-- Records in quarantine, counted by source and rule, with one example each
select source_id, rule, any_value(reason) as reason, count(*) as n_records, min(offending_text) as example
from ops.quarantine
where valid_to is null
group by source_id, rule
order by n_records desc, source_id, rule
