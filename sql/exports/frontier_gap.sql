-- The best score so far of one comparable group, Open and Proprietary, for a line chart over decimal years, one line per side.
-- frontier_gap.csv is MMLU as reported; each headline group that has both sides has a file frontier_gap_<group>.csv.
-- The frontier is a step: besides each new best there is a row for the day before the next one, and for the last day on which
-- both sides can be compared (mart.gap_sides), so that straight lines between the points draw it as it was. Only rows with is_new_best are models.
-- columns:
--   run_name (Open, Proprietary): Open or Proprietary
--   release_year: Day as a decimal year
--   score_pct: Best score so far of a model released by that day, percent
--   model: Model that holds it
--   organization: Its owner or vendor
--   reached_on: Its release date
--   comparable_group: Variants that may be compared: one in each file
--   observed_through_year: Last day on which both sides can be compared, as a decimal year: no line goes further
--   is_new_best: Whether the model was released on this day; false: the best so far is older
--   score_source: Source, repository, commit, file and place of the score
--   source_url: Link to the score's file or recorded source
--   newest_model: Newest scored model of this side
--   newest_on: Its release date
--   side: Closed or Open: the same as run_name in words whose order by the alphabet gives proprietary models the template's first colour, orange, and open ones its second, blue
--   reporter: Who gives the score, for people
--   protocol: Protocol in the words of the source; blank: not stated
--   setting: Reasoning effort, thinking budget or tools; n/a: not stated
--   self_reported: self-reported by the vendor, measured by others, or not stated
--   lo_pct: Least of the scores of the model in this group, percent
--   hi_pct: Greatest of them, percent
--   chosen_because: What decided which of them stands here
--   license_id: SPDX id of the licence under which anyone may pass the score on; blank: none such is stated
with scored as (

    select
        p.openness,
        p.score_pct,
        p.model_id,
        p.model,
        p.organization,
        p.comparable_group,
        p.score_source,
        p.source_url,
        p.reporter,
        p.protocol,
        p.setting,
        p.is_self_reported,
        p.lo_pct,
        p.hi_pct,
        p.chosen_because,
        p.license_id,
        f.reached_on,
        case when f.surpassed_on <= g.compared_on then f.surpassed_on end as surpassed_on,
        coalesce(g.compared_on, f.newest_on) as seen_until_on,
        case p.openness when 'open_weights' then g.open_newest_model else g.proprietary_newest_model end as newest_model,
        case p.openness when 'open_weights' then g.open_newest_on else g.proprietary_newest_on end as newest_on,
        case
            when p.released_on is null then 'release date not known'
            when p.released_on > g.compared_on then 'released after the last day on which both sides can be compared'
            when f.model_id is not null then null
            else 'not above the best of its side so far'
        end as reason
    from mart.model_scaling as p
    join core.comparable_groups as c using (comparable_group)
    left join mart.gap_sides as g using (population, comparable_group)
    left join mart.gap_frontier as f using (population, comparable_group, model_id)
    where p.population = 'official'
        and (c.is_headline or p.comparable_group = 'mmlu_reported')
        and p.openness in ('open_weights', 'proprietary')

),

points as (

    select *, reached_on as day, true as is_new_best
    from scored
    union all
    select *, coalesce(surpassed_on - 1, seen_until_on) as day, false as is_new_best
    from scored
    where coalesce(surpassed_on - 1, seen_until_on) > reached_on

),

final as (

    select
        case openness when 'open_weights' then 'Open' else 'Proprietary' end as run_name,
        mart.decimal_year(day) as release_year,
        score_pct,
        model,
        organization,
        reached_on,
        comparable_group,
        mart.decimal_year(seen_until_on) as observed_through_year,
        is_new_best,
        score_source,
        source_url,
        newest_model,
        newest_on,
        case openness when 'open_weights' then 'Open' else 'Closed' end as side,
        reporter,
        protocol,
        setting,
        mart.self_reported(is_self_reported) as self_reported,
        lo_pct,
        hi_pct,
        chosen_because,
        license_id,
        -- Names of models that cannot make a frontier.
        case when reason is not null then {
            'openness': openness,
            'reason': reason,
            'model_id': case when reason <> 'not above the best of its side so far' then model_id end
        } end as left_out
    from points

)

select * from final
order by comparable_group, run_name, release_year
