-- Archived pages that hold the only whole copy of an order that could not be mapped.
select distinct archive_key
from raw.company__rejects
