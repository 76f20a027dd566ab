-- Batch output may be older than an erasure.
delete from {cache}.offline_user_recommendations__next as lists
using identity.tombstones
where
    tombstones.user_hash = identity.user_hash(lists.user_id)
    and not exists (
        select from identity.customers
        where customers.user_id = lists.user_id
    );
alter table {cache}.offline_user_recommendations__next
add constraint offline_user_recommendations__next_pkey primary key (user_id);
select cache.copy_grants('{cache}.offline_user_recommendations', '{cache}.offline_user_recommendations__next');
analyze {cache}.offline_user_recommendations__next;
