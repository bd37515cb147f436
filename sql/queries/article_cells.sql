-- Each cell of the article's architecture table beside our figure
select architecture, cell, printed, round(our_value, 3) as our_value, is_agreeing, model_id, tuning, n_values
from mart.article_cells
order by row_id, cell
