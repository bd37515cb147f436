-- Names of sources that no rule and no row of policy/model_aliases.csv leads to a known model, with the nearest candidates.
-- One row per source and name. Each counts as a model by itself until policy says which it is: candidates are suggestions only.
-- Names of models that are no language models are settled.
-- kept
-- columns:
--   source_id: = core.model_aliases
--   source_name: = core.model_aliases
--   n_scores: Scores under the name
--   n_ratings: Ratings under the name, one a day
--   organization: Owner as the source says; null: not stated
--   candidates: Up to three model ids whose last part is most alike, with the Jaro-Winkler likeness (1 = the same); null: none is above 0.8
create view mart.unresolved_names as
with unresolved as (

    select a.source_id, a.source_name, a.model_id, lower(a.source_name) as spelt
    from core.model_aliases as a
    where a.method = 'unresolved'

),

known as (

    select distinct m.model_id, lower(split_part(m.model_id, '/', -1)) as spelt
    from core.models as m
    where m.population = 'official' and contains(m.model_id, '/')

),

compared as (

    select u.source_id, u.source_name, k.model_id, jaro_winkler_similarity(u.spelt, k.spelt) as likeness
    from unresolved as u
    cross join known as k
    where jaro_winkler_similarity(u.spelt, k.spelt) > 0.8
    qualify row_number() over (
        partition by u.source_id, u.source_name order by likeness desc, k.model_id
    ) <= 3

),

candidates as (

    select
        source_id,
        source_name,
        string_agg(model_id || ' (' || printf('%.2f', likeness) || ')', ', ' order by likeness desc, model_id) as candidates
    from compared
    group by all

),

scored as (

    select source_id, source_name, count(*) as n_scores
    from core.scores
    group by all

),

rated as (

    select source_id, source_name, count(*) as n_ratings, arg_max(organization, published_on) as organization
    from core.ratings
    group by all

),

final as (

    select
        u.source_id,
        u.source_name,
        coalesce(s.n_scores, 0) as n_scores,
        coalesce(r.n_ratings, 0) as n_ratings,
        coalesce(
            case when contains(m.organization, '/') or m.organization = u.source_name then null else m.organization end,
            r.organization
        ) as organization,
        c.candidates
    from unresolved as u
    join core.models as m using (model_id)
    left join candidates as c using (source_id, source_name)
    left join scored as s using (source_id, source_name)
    left join rated as r using (source_id, source_name)
    where m.population <> 'not_language'

)

select * from final
