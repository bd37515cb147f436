-- Who closed the gap and when: the first open model within a point of each of the newest ten proprietary bests on MMLU as reported
-- Official models alone: community fine-tunes and merges are left out. This group mixes protocols: closed_protocol and open_protocol are
-- what the sources of the two scores state, and a point may lie between protocols as well as between models.
with protocols as (

    select
        model_id,
        comparable_group,
        concat_ws(', ', n_shot || '-shot', protocol, nullif(setting, 'n/a')) as protocol
    from mart.model_scaling

),

closed as (

    select *
    from mart.gap_lag
    where estimator = 'catch_up' and comparable_group = 'mmlu_reported' and population = 'official' and tolerance_pct = 1
    order by closed_released_on desc, closed_score_pct desc
    limit 10

)

select
    g.display_name as measured,
    c.closed_model,
    c.closed_released_on,
    round(c.closed_score_pct, 1) as closed_pct,
    coalesce(nullif(p.protocol, ''), 'not stated') as closed_protocol,
    c.open_model,
    c.open_released_on,
    round(c.open_score_pct, 1) as open_pct,
    case when c.open_model_id is not null then coalesce(nullif(o.protocol, ''), 'not stated') end as open_protocol,
    c.lag_days,
    c.censoring
from closed as c
join core.comparable_groups as g using (comparable_group)
left join protocols as p on p.model_id = c.closed_model_id and p.comparable_group = c.comparable_group
left join protocols as o on o.model_id = c.open_model_id and o.comparable_group = c.comparable_group
order by c.closed_released_on desc, c.closed_score_pct desc
