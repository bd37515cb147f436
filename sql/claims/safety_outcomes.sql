-- not measured here
select null::double as computed_value
