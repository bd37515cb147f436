-- Every number that the article prints or could print, under a name that its text can refer to.
-- One row per number. Names are paths: gap.<benchmark>.… for the one headline group of a benchmark, gap.<comparable group>.… for
-- each group, in points of a hundred, and for what is published in points of ten in these too; table.<row>.… for the cells of its architecture table; claims.<claim>.… for what judges its sentences;
-- lags.<comparable group>.<estimator> for the official models; facts.… for single facts; counts.… for what the warehouse holds. export writes the same
-- rows as article.json. Caveat: a gap is that of its own day (on_date), which need not be near today.
-- columns:
--   number_id: Its name
--   value: The number; null: not measurable
--   lo: Lower end of its interval or range; null: none
--   hi: Upper end
--   within: How far from it another still is equal to it; null: half a unit of the last digit, or one percent
--   unit: Unit of value, lo and hi
--   on_date: Day that it is about; null: not bound to a day
--   about: The models or rows that it comes from, in words
--   source_url: Link for it; null: it is computed from many rows, which `about` and `claim_id` lead to
--   claim_id: The claim that it belongs to; null: none
create view mart.article_numbers as
with compared as (

    select
        p.*,
        g.benchmark_id,
        g.display_name,
        -- MT-Bench is published in points of ten, and compared in percent of them.
        p.comparable_group in (select comparable_group from core.benchmarks where scale = 'points_10') as has_ten_points
    from mart.parity as p
    join core.comparable_groups as g using (comparable_group)
    where p.population = 'official' and p.difference_pct is not null

),

named as (

    select *, comparable_group as name from compared
    union all
    select *, benchmark_id from compared where is_headline and benchmark_id <> comparable_group

),

gaps as (

    select
        printf('gap.%s.%s', name, part) as number_id,
        value,
        case part when 'points' then -difference_hi_pct end as lo,
        case part when 'points' then -difference_lo_pct end as hi,
        null::double as within,
        if(part = 'points_of_ten', 'points of ten', 'points') as unit,
        compared_on as on_date,
        about,
        null as source_url,
        null as claim_id
    from (
        select
            *,
            -difference_pct as points,
            case when has_ten_points then -difference_pct / 10 end as points_of_ten,
            printf(
                '%s: %s %.1f, open, and %s %.1f, proprietary',
                display_name, open_model, open_score_pct, proprietary_model, proprietary_score_pct
            ) as about
        from named
    )
    unpivot (value for part in (points, points_of_ten, open_score_pct, proprietary_score_pct, tolerance_pct))

),

cells as (

    select
        'table.' || c.row_id || '.' || c.cell as number_id,
        c.our_value as value,
        c.least_value as lo,
        c.greatest_value as hi,
        case c.cell
            when 'mmlu_pct'
                then (select match_tolerance_pct from core.comparable_groups where comparable_group = 'mmlu_reported')
        end as within,
        case c.cell when 'mmlu_pct' then 'percent' when 'cost_relative' then 'dense 70B = 1' else 'billion parameters' end as unit,
        null::date as on_date,
        c.model_id || coalesce(printf(', %d-shot', c.n_shot), '') as about,
        t.source_url,
        'table_' || c.row_id as claim_id
    from mart.article_cells as c
    join mart.article_table as t using (row_id, cell)

),

claims as (

    select
        'claims.' || claim_id as number_id,
        computed_value as value,
        lo,
        hi,
        null as within,
        measures as unit,
        observed_through_on as on_date,
        evidence as about,
        null as source_url,
        claim_id
    from mart.paper_claims

),

lags as (

    select
        'lags.' || comparable_group || '.' || estimator as number_id,
        median_lag_days as value,
        lo_days as lo,
        hi_days as hi,
        null as within,
        'days' as unit,
        null::date as on_date,
        printf('median of %d pairs, %d of them censored', n_pairs, n_censored) as about,
        null as source_url,
        null as claim_id
    from mart.gap_lag_summary
    where population = 'official' and sensitivity = 'all' and coalesce(tolerance_pct, 0) = 0 and median_lag_days is not null

),

facts as (

    select
        'facts.' || name as number_id, value, null::double as lo, null::double as hi, null as within, unit, on_date,
        about, source_url, claim_id
    from (
        select
            'llama.released_year' as name, year(released_on)::double as value, 'year' as unit, released_on as on_date,
            'release of LLaMA' as about, null as source_url, 'llama_early_2023' as claim_id
        from core.models
        where model_id = 'huggyllama/llama-65b'
        union all
        select
            'chinchilla.alpha', alpha, 'exponent of size', null, 'Hoffmann 2022, as printed', source_url, 'loss_exponents'
        from mart.scaling_laws
        where law_id = 'hoffmann_2022_printed'
        union all
        select
            'chinchilla.beta', beta, 'exponent of tokens', null, 'Hoffmann 2022, as printed', source_url, 'loss_exponents'
        from mart.scaling_laws
        where law_id = 'hoffmann_2022_printed'
    )

),

language_models as (

    select openness from core.models where population <> 'not_language'

),

counts as (

    select 'counts.' || name as number_id, n as value, null, null, null, unit, null::date, about, null, null
    from (
        select 'models' as name, count(*) as n, 'models' as unit, 'distinct language models with a score or a statement' as about
        from language_models
        union all
        select 'open_models', count(*), 'models', 'distinct language models with open weights' from language_models where openness = 'open_weights'
        union all
        select 'proprietary_models', count(*), 'models', 'distinct proprietary language models' from language_models where openness = 'proprietary'
        union all
        select 'scores', count(*), 'scores', 'published scores of whole benchmarks' from core.scores
    )

),

final as (

    select * from gaps
    union all
    select * from cells
    union all
    select * from claims
    union all
    select * from lags
    union all
    select * from facts
    union all
    select * from counts

)

select
    number_id,
    value::double as value,
    lo::double as lo,
    hi::double as hi,
    within::double as within,
    unit,
    on_date,
    about,
    source_url,
    claim_id
from final
