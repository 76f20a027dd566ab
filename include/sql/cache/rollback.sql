-- Previous and live change places; doing it twice changes nothing.
alter table {cache}.offline_user_recommendations rename to offline_user_recommendations__aside;
alter table {cache}.offline_user_recommendations__previous rename to offline_user_recommendations;
alter table {cache}.offline_user_recommendations__aside rename to offline_user_recommendations__previous;
alter index {cache}.offline_user_recommendations_pkey rename to offline_user_recommendations__aside_pkey;
alter index {cache}.offline_user_recommendations__previous_pkey rename to offline_user_recommendations_pkey;
alter index {cache}.offline_user_recommendations__aside_pkey rename to offline_user_recommendations__previous_pkey;

alter table {cache}.offline_similar_items rename to offline_similar_items__aside;
alter table {cache}.offline_similar_items__previous rename to offline_similar_items;
alter table {cache}.offline_similar_items__aside rename to offline_similar_items__previous;
alter index {cache}.offline_similar_items_pkey rename to offline_similar_items__aside_pkey;
alter index {cache}.offline_similar_items__previous_pkey rename to offline_similar_items_pkey;
alter index {cache}.offline_similar_items__aside_pkey rename to offline_similar_items__previous_pkey;

-- In three steps, because at no moment may two generations have the same state.
do $$
declare
    left_live text;
begin
    update {cache}.generations set state = 'retired' where state = 'live' returning generation into left_live;
    update {cache}.generations set state = 'live' where state = 'previous';
    update {cache}.generations set state = 'previous' where generation = left_live;
end
$$;
