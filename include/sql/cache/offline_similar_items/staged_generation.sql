-- Staging loads a whole table in one transaction: one row tells of which generation it is.
select generation
from {cache}.offline_similar_items__next
limit 1  -- noqa: AM09
