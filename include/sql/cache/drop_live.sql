-- A run that publishes itself again replaces its own generation: the previous one stays what it was.
drop table {cache}.offline_user_recommendations;
drop table {cache}.offline_similar_items;
