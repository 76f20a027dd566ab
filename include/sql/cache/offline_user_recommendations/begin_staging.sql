-- A staging table left by a run that died is thrown away.
drop table if exists {cache}.offline_user_recommendations__next;
create table {cache}.offline_user_recommendations__next (like {cache}.offline_user_recommendations);
