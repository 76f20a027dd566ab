{#-
  Rows of a table that another program makes, in the given columns, each with its type. Where that program has not made
  it yet, no rows: the next build finds it.
-#}
{% macro optional_rows(schema_source, table, columns) -%}
    {%- set relation = source(schema_source, table) -%}
    {%- set is_there = not execute
        or adapter.get_relation(database=target.database, schema=relation.schema, identifier=relation.identifier) -%}
    select
    {%- for column, type in columns.items() %}
        {{ column if is_there else 'null::' ~ type ~ ' as ' ~ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    {{ 'from ' ~ relation if is_there else 'where false' }}
{%- endmacro %}
