-- check: a score outside 0 to 100 percent, or above its ceiling after normalising; is the unit still what policy says?
-- severity: error
select model_id, variant_id, score_raw, score_unit, score_pct, score_norm_pct
from core.scores
where score_pct not between 0 and 100.0000001
    or score_norm_pct not between 0 and 100.0000001
    or score_pct is null
    or isnan(score_pct)
