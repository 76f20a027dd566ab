select
    table_name,
    column_name
from identity.free_texts
