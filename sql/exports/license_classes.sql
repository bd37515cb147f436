-- Official open models by year of release and kind of licence: how many of them are open source.
-- One row per year and class that has a model.
-- columns:
--   release_year: Year of release
--   license_class (permissive, copyleft, community, non_commercial, proprietary, unknown): permissive, copyleft, community, non_commercial, proprietary or unknown
--   is_open_source: Whether anyone may use and change such a model for any purpose; null: unknown
--   n_models: Models released in that year
--   n_sized: Those whose total size is known
--   n_bests: New open bests that they set on headline benchmarks
--   share_of_models: n_models over all of that year, 0-1
select
    release_year,
    license_class,
    is_open_source,
    n_models,
    n_sized,
    n_bests,
    share_of_models,
    case when release_year is null then {
        'license_class': license_class,
        'reason': 'no date of release known',
        'n': n_models
    } end as left_out
from mart.license_classes
order by release_year, array_position(['permissive', 'copyleft', 'community', 'non_commercial', 'proprietary', 'unknown'], license_class)
