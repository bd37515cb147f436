-- check: scores of one model under one protocol that differ by more than chance explains; settle it in policy/corrections.csv, or accept it
-- severity: warn
with compared as (

    select
        s.model_id,
        s.variant_id,
        s.n_shot,
        s.setting,
        s.precision,
        round(min(s.score_pct), 2) as lo_pct,
        round(max(s.score_pct), 2) as hi_pct,
        arg_min(s.run_id, s.score_pct) as lo_run_id,
        arg_max(s.run_id, s.score_pct) as hi_run_id
    from core.scores as s
    join core.reporters as w using (reported_by)
    -- A leaderboard's own runs of several commits and chat templates are told apart in mart.source_agreement.
    where w.is_charted and s.reported_by not in ('leaderboard', 'community')
    group by all

)

select *
from compared
where hi_pct - lo_pct > (select value from core.rules where rule = 'scores_agree_pct')
order by all
