-- name: create
-- Who is behind the ids that serving is sent, for a role that may not read schema identity: it learns one user id for
-- each id that it knows already. A user id of Aisle is that of its customer, who may have another one since they were
-- joined with somebody; any other id is looked up by its hash, as in identity.contacts, and is its own person until an
-- order tells more. Of several people with the same contact, the one who used it last.
create or replace function identity.people_of(sent_ids text[], contact_hashes text[])
returns table (sent_id text, user_id text) stable security definer set search_path = pg_catalog language sql
as $$
    select
        given.sent_id,
        coalesce(
            identity.customer_of(given.sent_id),
            (
                select customers.user_id
                from identity.customers
                where customers.user_id = given.sent_id
            ),
            (
                select contacts.user_id
                from identity.contacts
                where contacts.user_id = given.sent_id
                limit 1
            ),
            identity.customer_of(given.contact_hash),
            (
                select contacts.user_id
                from identity.contacts
                where contacts.contact_hash = given.contact_hash
                order by contacts.last_seen_at desc nulls last, contacts.user_id
                limit 1
            ),
            given.contact_hash
        )
    from unnest(sent_ids, contact_hashes) as given (sent_id, contact_hash)
$$;

-- Which of some user ids were erased, and when; for the same role.
create or replace function identity.erasures_of(user_ids text[])
returns table (user_id text, erased_at timestamptz) stable security definer set search_path = pg_catalog language sql
as $$
    select
        given.user_id,
        erasures.erased_at
    from unnest(user_ids) as given (user_id)
    inner join identity.erasures on erasures.user_hash = identity.user_hash(given.user_id)
$$;

revoke execute on function identity.people_of(text[], text[]), identity.erasures_of(text[]) from public;
