-- IFEval by the leaderboard's type of model and chat template on v2: mostly other models with it than without, so no effect of it alone
select
    coalesce(h.model_type, 'not stated') as model_type,
    s.has_chat_template,
    count(distinct s.model_id) as n_models,
    round(median(s.score_pct), 1) as median_pct,
    round(max(s.score_pct), 1) as best_pct,
    max_by(s.model_id, s.score_pct) as best_model
from core.scores as s
left join history.models as h
    on h.source_id = s.source_id and h.source_name = s.source_name and h.precision = s.precision and h.valid_to is null
where s.comparable_group = 'ifeval_measured' and s.source_id = 'olb_v2_contents'
group by all
order by model_type, s.has_chat_template
