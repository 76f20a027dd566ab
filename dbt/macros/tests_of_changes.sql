{#- Whether the tests of this run look only at what changed. -#}
{% macro looks_at_changes() -%}
    {{ return(flags is defined and flags.WHICH == 'build' and not flags.FULL_REFRESH) }}
{%- endmacro %}

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
    {%- if looks_at_changes() and changes.get(relation.identifier) -%}
        {%- set table, columns = changes[relation.identifier] -%}
        {%- set changed = api.Relation.create(database=target.database, schema='intermediate', identifier=table) -%}
        {{ return('(select whole.* from ' ~ changed ~ ' as changed ' ~ rows_of_changed(relation, columns)
            ~ ' as whole) as tested') }}
    {%- endif -%}
    {{ return(default__get_where_subquery(relation)) }}
{%- endmacro %}
