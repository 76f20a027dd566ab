alter table {cache}.offline_user_recommendations__next rename to offline_user_recommendations;
alter table {cache}.offline_similar_items__next rename to offline_similar_items;
alter index {cache}.offline_user_recommendations__next_pkey rename to offline_user_recommendations_pkey;
alter index {cache}.offline_similar_items__next_pkey rename to offline_similar_items_pkey;
