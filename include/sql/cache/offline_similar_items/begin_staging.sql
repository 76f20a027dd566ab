-- A staging table left by a run that died is thrown away.
drop table if exists {cache}.offline_similar_items__next;
create table {cache}.offline_similar_items__next (like {cache}.offline_similar_items);
