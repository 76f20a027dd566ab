select
    table_name,
    n_rows
from identity.forget(%(user_ids)s)
where n_rows > 0
