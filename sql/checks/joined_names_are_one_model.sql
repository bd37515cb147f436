-- check: names led to one model though their sizes are over 10 percent apart, or one is open and the other proprietary; settle it in policy/model_aliases.csv
-- severity: warn
-- What a link of a table or a redirect of the Hub joined is taken apart already, and listed with its reason.
with sized as (
    select
        e.model_id, lower(e.source_name) as name, min(e.params) as least_params, max(e.params) as most_params
    from core.parameter_evidence as e
    where e.kind = 'total'
        and e.params is not null
        and not e.is_doubtful
        and e.method in ('safetensors', 'config', 'leaderboard', 'reference')
        and e.source_id not in (select source_id from core.sources where has_repeated_sizes)
        and (e.model_id, e.kind) not in (select (model_id, kind) from core.parameter_evidence where method = 'override')
    group by all
),

said as (
    select a.model_id, lower(a.source_name) as name, any_value(h.openness) as openness
    from core.model_aliases as a
    join history.models as h using (source_id, source_name)
    where h.valid_to is null and h.openness is not null
    group by all
    having count(distinct h.openness) = 1
)

select
    'size' as difference, a.model_id, a.name, b.name as other_name,
    a.most_params::varchar as said, b.least_params::varchar as other_said
from sized as a
join sized as b on b.model_id = a.model_id and b.name <> a.name
where a.most_params > 1.1 * b.least_params
union all
select 'openness', a.model_id, a.name, b.name, a.openness, b.openness
from said as a
join said as b on b.model_id = a.model_id and b.openness > a.openness
union all
select 'taken apart', model_id, source_name, null, reason, null
from core.model_aliases
where reason is not null
