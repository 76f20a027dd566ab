select
    row_id,
    content
from identity.suspicious_texts(%(table_name)s, %(column_name)s)
