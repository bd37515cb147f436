-- check: a parameter count of zero or less, or more active than total parameters
-- severity: error
select model_id, params_total, params_active, params_method
from core.models
where params_total <= 0 or params_active <= 0 or params_active > params_total * 1.1
