-- Whoever is at work on it is not waited for: the next run looks again.
set local lock_timeout = '500ms';
drop table {cache}.offline_user_recommendations__next
