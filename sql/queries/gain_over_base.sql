-- Gain over base: what instruction tuning added to or took from a base model, by benchmark of one leaderboard, of all and of official models
-- One account's hundred tries over one base are a hundred pairs in median_gain_pct, and one of the n_bases in median_of_bases_pct. Many
-- tuned models ran with a chat template and their base without, which alone moves IFEval (chat_template_ifeval).
with pairs as (

    select
        t.comparable_group,
        t.population,
        b.model_id as base_model_id,
        t.score_pct - b.score_pct as gain_pct,
        t.model || ' over ' || b.model as what
    from mart.model_scaling as t
    join core.model_bases as m on m.model_id = t.model_id and m.is_first and m.relation <> 'quantized'
    join mart.model_scaling as b on b.model_id = m.base_model_id and b.comparable_group = t.comparable_group
    where t.comparable_group like '%_measured' and t.tuning = 'instruct' and b.tuning = 'base'

),

bases as (

    select comparable_group, count(*) as n_bases, median(of_base_pct) as median_of_bases_pct
    from (
        select comparable_group, base_model_id, median(gain_pct) as of_base_pct
        from pairs
        group by comparable_group, base_model_id
    )
    group by comparable_group

)

select
    comparable_group,
    count(*) as n_pairs,
    count(*) filter (population = 'official') as n_official,
    any_value(n_bases) as n_bases,
    round(median(gain_pct), 2) as median_gain_pct,
    round(any_value(median_of_bases_pct), 2) as median_of_bases_pct,
    round(median(gain_pct) filter (population = 'official'), 2) as official_median_gain_pct,
    round(min(gain_pct), 2) as least_pct,
    round(max(gain_pct), 2) as greatest_pct,
    max_by(what, (gain_pct, what)) as greatest_gain
from pairs
join bases using (comparable_group)
group by comparable_group
order by median_of_bases_pct desc, comparable_group
