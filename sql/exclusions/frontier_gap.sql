-- Official models with an MMLU score as reported that no frontier can rest on.
select
    p.openness,
    case
        when p.released_on is null then 'release date not known'
        else 'released after the last day through which its side was observed'
    end as reason,
    count(*) as n,
    list(p.model_id order by p.model_id) as models
from mart.model_scaling as p
join core.comparable_groups as g using (comparable_group)
where p.comparable_group = 'mmlu_reported'
    and p.population = 'official'
    and p.openness in ('open_weights', 'proprietary')
    and (
        p.released_on is null
        or p.released_on > case p.openness
            when 'open_weights' then g.observed_through_open_on
            else g.observed_through_proprietary_on
        end
    )
group by all
order by p.openness, reason
