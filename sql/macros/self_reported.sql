-- Who measured a score, in words; is_self_reported is null where no source says.
create macro mart.self_reported(is_self_reported) as
    case is_self_reported
        when true then 'self-reported by the vendor'
        when false then 'measured by others'
        else 'not stated'
    end
