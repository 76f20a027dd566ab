-- The live generation becomes the previous one; the one before goes.
drop table if exists {cache}.offline_user_recommendations__previous;
drop table if exists {cache}.offline_similar_items__previous;

alter table {cache}.offline_user_recommendations rename to offline_user_recommendations__previous;
alter table {cache}.offline_similar_items rename to offline_similar_items__previous;
alter index {cache}.offline_user_recommendations_pkey rename to offline_user_recommendations__previous_pkey;
alter index {cache}.offline_similar_items_pkey rename to offline_similar_items__previous_pkey;

update {cache}.generations set state = 'retired'
where state = 'previous';
update {cache}.generations set state = 'previous'
where state = 'live';
