alter table cache.offline_user_recommendations__next
add constraint offline_user_recommendations__next_pkey primary key (user_id);
select cache.copy_grants('cache.offline_user_recommendations', 'cache.offline_user_recommendations__next');
analyze cache.offline_user_recommendations__next;
