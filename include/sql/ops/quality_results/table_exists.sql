-- Whether a table or view of this name (schema.name) is there.
select to_regclass(%(table)s) is not null
