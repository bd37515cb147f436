-- The leaderboard's own average: the mean of its six normalised scores on Open LLM Leaderboard v2, ours beside the one that it publishes
-- average_pct: of the scores as normalised here; of BBH and MuSR, which only subtasks would give, the published value stands for ours.
-- board_average_pct: of the six normalised values that the table publishes, whose mean its column of averages is to the last digit; null:
-- one of them is not published. Rows without all six scores, such as refused trial runs, are not here.
with groups as (

    select comparable_group, row_number() over () as number
    from (select distinct comparable_group from core.benchmarks where right(variant_id, 6) = 'olb_v2')

),

run as (

    select
        s.model_id,
        s.source_name,
        s.precision,
        s.has_chat_template,
        s.run_id,
        -- A distinct count would be grouped apart and joined again.
        bit_count(bit_or(1 << g.number)) as n_scores,
        avg(s.score_norm_pct) as average_pct,
        case when count(h.score_norm_published_pct) = 6 then avg(h.score_norm_published_pct) end as board_average_pct
    from core.scores as s
    left join history.scores as h
        on h.source_id = s.source_id and h.source_name = s.source_name and h.variant_id = s.variant_id
            and h.precision = s.precision and h.setting = s.setting and h.run_id = s.run_id
            and h.has_chat_template is not distinct from s.has_chat_template and h.valid_to is null
    left join groups as g on g.comparable_group = s.comparable_group
    where s.source_id = 'olb_v2_contents' and s.norm_method is not null
    group by all

)

select
    r.source_name,
    r.model_id,
    r.precision,
    r.has_chat_template,
    round(r.average_pct, 2) as average_pct,
    round(r.board_average_pct, 2) as board_average_pct,
    round(r.average_pct - r.board_average_pct, 2) + 0 as difference_pct,
    m.population,
    round(m.params_total / 1e9, 2) as params_b
from run as r
join core.models as m using (model_id)
where r.n_scores = 6
order by r.average_pct desc, r.source_name
