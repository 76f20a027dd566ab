-- When the lists of the staging table were written; none for an empty table, which no publish leaves behind.
select max(updated_at at time zone 'utc') as staged_at
from {cache}.offline_user_recommendations__next
