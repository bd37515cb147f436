-- IFEval on v2 by chat template and the leaderboard's type of model, and what the template adds to names that were run both ways
-- Rows with a template and without are mostly of other models; added_median_pct is of the n_both_ways alone, whose two runs differ in
-- precision or commit as well.
with runs as (

    select
        s.source_name,
        s.model_id,
        coalesce(h.model_type, 'not stated') as model_type,
        s.has_chat_template,
        s.score_pct,
        count(distinct s.has_chat_template) over (partition by s.source_name) = 2 as is_both_ways
    from core.scores as s
    left join history.models as h
        on h.source_id = s.source_id and h.source_name = s.source_name and h.precision = s.precision and h.valid_to is null
    where s.comparable_group = 'ifeval_measured' and s.source_id = 'olb_v2_contents'

),

added as (

    select
        source_name,
        max_by(model_type, (has_chat_template, model_type)) as model_type,
        median(score_pct) filter (has_chat_template) - median(score_pct) filter (not has_chat_template) as added_pct
    from runs
    where is_both_ways
    group by source_name

),

both_ways as (

    select
        coalesce(model_type, 'all types') as model_type,
        true as has_chat_template,
        count(*) as n_both_ways,
        count(*) filter (added_pct > 0) as n_better_with,
        median(added_pct) as added_median_pct
    from added
    group by grouping sets ((model_type), ())

),

by_type as (

    select
        coalesce(model_type, 'all types') as model_type,
        has_chat_template,
        count(distinct model_id) as n_models,
        median(score_pct) as median_pct,
        max(score_pct) as best_pct,
        max_by(model_id, (score_pct, model_id)) as best_model
    from runs
    group by grouping sets ((model_type, has_chat_template), (has_chat_template))

)

select
    t.model_type,
    t.has_chat_template,
    t.n_models,
    round(t.median_pct, 1) as median_pct,
    round(t.best_pct, 1) as best_pct,
    t.best_model,
    b.n_both_ways,
    b.n_better_with,
    round(b.added_median_pct, 1) as added_median_pct
from by_type as t
left join both_ways as b using (model_type, has_chat_template)
order by t.model_type <> 'all types', t.model_type, t.has_chat_template
