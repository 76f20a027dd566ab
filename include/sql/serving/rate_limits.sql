-- name: count
-- One call more, in the span of time that began with the first call, or in a new one.
insert into serving.rate_limits as known (counter, n_calls, expires_at)
values (%(counter)s, %(n_calls)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (counter) do update
    set
        n_calls = case
            when known.expires_at > clock_timestamp() then known.n_calls + excluded.n_calls else excluded.n_calls
        end,
        expires_at = case
            when known.expires_at > clock_timestamp() then known.expires_at else excluded.expires_at
        end
returning n_calls;

-- name: find
select
    n_calls,
    extract(epoch from expires_at)::double precision as expires_at
from serving.rate_limits
where counter = %(counter)s and expires_at > clock_timestamp();
