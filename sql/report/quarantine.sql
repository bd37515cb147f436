-- Records in quarantine, by rule, each with an example
select
    source_id,
    rule,
    first(reason order by path, locator) as reason,
    count(*) as n_records,
    count(*) filter (where load_id = getvariable('last_load_id')) as n_new,
    first(offending_text order by path, locator) as example,
    first(repo_id || ' ' || path || ', ' || locator order by path, locator) as place
from ops.quarantine
where valid_to is null
group by source_id, rule
order by n_records desc, source_id, rule
