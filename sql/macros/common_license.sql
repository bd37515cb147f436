-- Of the works of a group, the licence under which anyone may pass all of them on; null where one of them states none.
create macro mart.common_license(license_id) as
    case when count(license_id) = count(*) then string_agg(distinct license_id, ' AND ' order by license_id) end
