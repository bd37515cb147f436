-- The best MMLU score so far as reported, Open and Proprietary, for a line chart over decimal years, one run a side.
-- The frontier is a step: besides each new best there is a row for the day before the next one, and for the last day that
-- could be seen, so that straight lines between the points draw it as it was. Only rows with is_new_best are models.
-- columns:
--   run_name: Open or Proprietary
--   release_year: Day as a decimal year
--   score_pct: Best score so far of a model released by that day, percent
--   model: Model that holds it
--   organization: Its owner or vendor
--   reached_on: Its release date
--   comparable_group: Variants that may be compared: always mmlu_reported here
--   observed_through_year: Last day on which a new model of this side could have been seen, as a decimal year
--   is_new_best: Whether the model was released on this day; false: the best so far still stands
--   score_source: Source, repository, commit, file and place of the score
--   source_url: Link to the score's file or recorded source
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
        f.reached_on,
        f.surpassed_on,
        greatest(
            f.reached_on, least(f.observed_through_on, (select max(as_of_on) from mart.paper_claims))
        ) as seen_until_on,
        case
            when f.model_id is not null then null
            when p.released_on is null then 'release date not known'
            when p.released_on > case p.openness
                when 'open_weights' then g.observed_through_open_on
                else g.observed_through_proprietary_on
            end then 'released after the last day through which its side was observed'
            else 'not above the best of its side so far'
        end as reason
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    left join mart.gap_frontier as f using (population, comparable_group, model_id)
    where p.population = 'official'
        and p.comparable_group = 'mmlu_reported'
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
        year(day) + (dayofyear(day) - 1) / dayofyear(make_date(year(day), 12, 31)) as release_year,
        score_pct,
        model,
        organization,
        reached_on,
        comparable_group,
        year(seen_until_on)
            + (dayofyear(seen_until_on) - 1) / dayofyear(make_date(year(seen_until_on), 12, 31)) as observed_through_year,
        is_new_best,
        score_source,
        source_url,
        -- Models that no frontier can rest on are named.
        case when reason is not null then {
            'openness': openness,
            'reason': reason,
            'model_id': case when reason <> 'not above the best of its side so far' then model_id end
        } end as left_out
    from points

)

select * from final
order by run_name, release_year
