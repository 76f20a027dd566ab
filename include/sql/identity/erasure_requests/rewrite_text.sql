select identity.rewrite_text(%(table_name)s, %(column_name)s, %(row_id)s::tid, %(content)s)
