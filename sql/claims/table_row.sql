-- cells of one row of the article's architecture table that agree with our figures
select
    count(*) filter (where is_agreeing) as computed_value,
    count(our_value) as n,
    string_agg(
        cell || ' printed ' || printed || ', ours ' || coalesce(round(our_value, 3)::varchar, 'unknown')
        || coalesce(
            printf(' (%d-shot, median of %d; all from %.1f to %.1f)', n_shot, n_values, least_value, greatest_value), ''
        ),
        '; ' order by cell
    ) || ': ' || any_value(model_id) || coalesce(', ' || any_value(tuning), '') as evidence
from mart.article_cells
where row_id = $subject
having count(our_value) = count(*) and count(*) > 0
