-- check: a day of a board that history has and core lacks: policy/rating_series.csv has no series of the board
-- severity: error
select h.source_id, h.board, h.published_on
from history.ratings as h
anti join core.ratings as c using (source_id, board, published_on, source_name)
