-- Staging loads a whole table in one transaction: one row tells of which generation it is.
select generation
from {cache}.offline_user_recommendations__next
limit 1  -- noqa: AM09
