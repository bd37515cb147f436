-- Which lines of mart.scaling_fit a chart may draw: a line and a band that the data do not bear out would be the biggest mark of a chart.
-- One row per row of mart.scaling_fit. A line is drawn if its models come from at least line_least_families (core.rules) and the 90 % interval of its
-- slope does not contain 0; the numbers of the others stay in mart.scaling_fit.
-- columns:
--   population: = mart.scaling_fit
--   comparable_group: = core.benchmarks
--   openness: = mart.scaling_fit
--   era: = mart.scaling_fit
--   form: = mart.scaling_fit
--   no_line_reason: Why no line is drawn; null: it is drawn
create view mart.drawn_lines as
select
    population,
    comparable_group,
    openness,
    era,
    form,
    case
        when refusal_reason is not null then refusal_reason
        when n_families < r.families then printf('%d families of models, %d are needed', n_families, r.families)
        when slope_lo <= 0 and slope_hi >= 0
            then printf('score does not clearly change with size: slope %.2f to %.2f with 90 %% confidence', slope_lo, slope_hi)
        when slope_lo is null or slope_hi is null then 'the slope has no interval'
    end as no_line_reason
from mart.scaling_fit
cross join (select value::integer as families from core.rules where rule = 'line_least_families') as r
