{#-
  What a data test looks at. A build that computes only what changed tests only that: the rest was tested when it was
  computed, and looking at all of it would take longer than the build. A full build and `dbt test` look at everything.
  Interactions with events among them are always computed whole.
  dbt calls this by its name for the model that a test is of.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set changes = {
        'stg_company__orders': ('int_changes__orders', ['source', 'order_id']),
        'stg_company__order_items': ('int_changes__orders', ['source', 'order_id']),
        'orders': ('int_changes__orders', ['source', 'order_id']),
        'order_items': ('int_changes__orders', ['source', 'order_id']),
        'customers': ('int_changes__customers', ['user_id']),
        'region_customers': ('int_changes__customers', ['user_id']),
        'interactions': ('int_changes__users', ['user_id']) if not var('event_types') else none,
        'users': ('int_changes__users', ['user_id']),
    } -%}
    {%- if flags.WHICH == 'build' and not flags.FULL_REFRESH and changes.get(relation.identifier) -%}
        {%- set table, columns = changes[relation.identifier] -%}
        {%- set changed = api.Relation.create(database=target.database, schema='intermediate', identifier=table) -%}
        {{ return('(select whole.* from ' ~ relation ~ ' as whole inner join ' ~ changed ~ ' as changed using ('
            ~ columns | join(', ') ~ ')) as tested') }}
    {%- endif -%}
    {{ return(default__get_where_subquery(relation)) }}
{%- endmacro %}
