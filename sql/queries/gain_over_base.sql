-- Gain over base: what instruction tuning added to or took from a base model, by benchmark of one leaderboard, of all and of official models
select
    t.comparable_group,
    count(*) as n_pairs,
    count(*) filter (t.population = 'official') as n_official,
    round(median(t.score_pct - b.score_pct), 2) as median_gain_pct,
    round(median(t.score_pct - b.score_pct) filter (t.population = 'official'), 2) as official_median_gain_pct,
    round(min(t.score_pct - b.score_pct), 2) as least_pct,
    round(max(t.score_pct - b.score_pct), 2) as greatest_pct,
    max_by(t.model || ' over ' || b.model, t.score_pct - b.score_pct) as greatest_gain
from mart.model_scaling as t
join core.model_bases as m on m.model_id = t.model_id and m.is_first and m.relation <> 'quantized'
join mart.model_scaling as b on b.model_id = m.base_model_id and b.comparable_group = t.comparable_group
where t.comparable_group like '%_measured' and t.tuning = 'instruct' and b.tuning = 'base'
group by all
order by median_gain_pct desc, t.comparable_group
