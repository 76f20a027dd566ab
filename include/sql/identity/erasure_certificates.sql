-- name: create
-- One row per erasure that ended: what was searched and how much was removed, when and by whom. It tells nobody who the
-- person was: user_hashes are those of identity.erasures. searched has the tables of users and the columns of free text
-- that the warehouse had, and for the warehouse, the files, the folders and the service what was looked at and changed.
create table if not exists identity.erasure_certificates (
    request_id text primary key,
    run_key text not null,
    asked_by text not null,
    requested_at timestamptz not null,
    erased_at timestamptz not null,
    user_hashes text[] not null,
    searched jsonb not null
);

-- name: insert
-- Runs before erasure_requests/finish, which blanks whose request it was.
insert into identity.erasure_certificates (
    request_id, run_key, asked_by, requested_at, erased_at, user_hashes, searched
)
select
    request_id,
    %(run_key)s as run_key,
    %(asked_by)s,
    requested_at,
    clock_timestamp() as erased_at,
    array(
        select identity.user_hash(erased.user_id) as user_hash
        from unnest(requests.user_ids) as erased (user_id)
        order by user_hash
    ) as user_hashes,
    jsonb_build_object(
        'tables', (
            select jsonb_agg(tables_of_users.table_name order by tables_of_users.table_name)
            from identity.tables_of_users
        ),
        'texts', (
            select jsonb_agg(free_texts.table_name || '.' || free_texts.column_name)
            from identity.free_texts
        ),
        'places', (
            select
                jsonb_object_agg(
                    receipts.subject,
                    jsonb_strip_nulls(
                        jsonb_build_object(
                            'looked_at', receipts.rows_in,
                            'changed', coalesce(total.n_rows, receipts.rows_out),
                            'counts', receipts.details || coalesce(total.counts, '{}')
                        )
                    )
                )
            from ops.receipts
            -- The receipt is of the last try, in which the rows may have been gone.
            left join lateral (
                select
                    jsonb_object_agg(by_table.table_name, by_table.n_rows) as counts,
                    sum(by_table.n_rows) as n_rows
                from (
                    select
                        removed.key as table_name,
                        sum(removed.value::bigint) as n_rows
                    from jsonb_array_elements(requests.removed_rows) as tries (counts)
                    cross join lateral jsonb_each_text(tries.counts) as removed
                    group by removed.key
                ) as by_table
            ) as total on receipts.subject = 'warehouse'
            where receipts.run_key = %(run_key)s and receipts.stage = 'erase'
        )
    ) as searched
from identity.erasure_requests as requests
where request_id = %(request_id)s
on conflict (request_id) do nothing;
