-- The licences of the open frontier: under what each official open best since 2023 came, newest first, and which text says so
-- The groups are those that have both sides. stated_in: a text with that licence, as repository@commit and path; makers change licences,
-- so models of one maker may differ by the age of the text alone. also_stated: what other texts of now say, unless it names none.
-- Groups named *_reported mix protocols.
with frontier as (

    select f.*
    from mart.gap_frontier as f
    join mart.gap_sides as s using (population, comparable_group)
    where f.population = 'official' and f.openness = 'open_weights' and f.reached_on >= date '2023-01-01'
        and s.compared_on is not null

),

statements as (

    select
        a.model_id,
        h.license_text,
        regexp_replace(lower(h.license_text), '[^a-z0-9]+', '', 'g') as spelling,
        max({'valid_from': h.valid_from, 'text': concat_ws(' ', h.repo_id || '@' || h.revision[:12], h.path)}).text as stated_in
    from history.models as h
    join core.model_aliases as a using (source_id, source_name)
    semi join frontier as f on f.model_id = a.model_id
    where h.valid_to is null and h.license_text is not null
    group by all

),

models as (

    select
        m.model_id,
        m.license_text,
        m.license_class,
        coalesce(m.license_id, m.license_text) as license,
        any_value(s.stated_in) filter (where s.license_text = m.license_text) as stated_in,
        string_agg(s.license_text, '; ' order by s.license_text) filter (
            where s.license_text <> m.license_text and s.spelling not in ('other', 'unknown')
                and s.spelling <> regexp_replace(lower(coalesce(m.license_id, m.license_text)), '[^a-z0-9]+', '', 'g')
        ) as also_stated
    from core.models as m
    semi join frontier using (model_id)
    left join statements as s using (model_id)
    group by all

)

select
    f.comparable_group,
    f.reached_on,
    f.model,
    round(f.score_pct, 1) as score_pct,
    m.license,
    m.license_class,
    coalesce(m.stated_in, case when m.license_text is not null then 'policy/model_licenses.csv' end) as stated_in,
    m.also_stated
from frontier as f
join models as m using (model_id)
order by f.reached_on desc, f.comparable_group
