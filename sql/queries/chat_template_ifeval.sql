-- IFEval by tuning and chat template on Open LLM Leaderboard v2: mostly other models with it than without, so no effect of it alone
select
    s.tuning,
    s.has_chat_template,
    count(distinct s.model_id) as n_models,
    round(median(s.score_pct), 1) as median_pct,
    round(max(s.score_pct), 1) as best_pct,
    max_by(s.model_id, s.score_pct) as best_model
from core.scores as s
where s.comparable_group = 'ifeval_measured' and s.source_id = 'olb_v2_contents'
group by all
order by s.tuning, s.has_chat_template
