-- Short on purpose: readers queue behind a waiting switch, so it gives up and tries again instead. Shorter than the
-- server's deadlock_timeout (1 s), so that a reader who takes both tables is never the one who is sent away.
set local lock_timeout = '500ms';
lock table {cache}.offline_user_recommendations, {cache}.offline_similar_items in access exclusive mode;
