{#-
  What an incremental build computes: the rows of the orders and customers that changed, and no others. A full build
  computes all rows with the same statements, without these joins.
-#}

{#- The rows of a relation that belong to the orders computed by this build. -#}
{% macro of_changed_orders(relation) -%}
    {%- set changes = ref('int_changes__orders') -%}
    select whole.*
    {%- if is_incremental() %}
    from {{ changes }} as changed
    {{ rows_of_changed(relation, ['source', 'order_id']) }} as whole
    {%- else %}
    from {{ relation }} as whole
    {%- endif %}
{%- endmacro %}

{#-
  The rows of a relation for each row of `changed`, by the relation's index. Behind `offset 0` PostgreSQL looks them up:
  a join with a view is planned as if all rows of the view were needed.
-#}
{% macro rows_of_changed(relation, columns) -%}
    cross join lateral (
        select *
        from {{ relation }} as indexed
        where
            {%- for column in columns %}
            {% if not loop.first %}and {% endif %}indexed.{{ column }} = changed.{{ column }}
            {%- endfor %}
        offset 0
    )
{%- endmacro %}

{#- The rows of a relation that belong to the people computed by this build, as `changes` has them. -#}
{% macro of_changed_people(relation, changes) -%}
    select whole.*
    from {{ relation }} as whole
    {%- if is_incremental() %}
    inner join {{ changes }} as changed on whole.user_id = changed.user_id
    {%- endif %}
{%- endmacro %}

{#- The purchases of the people computed by this build: by their orders, which have an index by person. -#}
{% macro purchases_of_changed_people() -%}
    {%- set changes, orders = ref('int_changes__users'), ref('orders') -%}
    select whole.*
    from {{ ref('int_purchases__by_order') }} as whole
    {%- if is_incremental() %}
    inner join {{ orders }} as orders on whole.source = orders.source and whole.order_id = orders.order_id
    inner join {{ changes }} as changed on orders.user_id = changed.user_id
    {%- endif %}
{%- endmacro %}

{#- Hooks that remove what an incremental build writes anew, in its transaction: also what is not there any more. -#}
{% macro without_changed_orders() -%}
    {%- set changes = ref('int_changes__orders') -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as old using {{ changes }} as changed
    where old.source = changed.source and old.order_id = changed.order_id
    {%- endif -%}
{%- endmacro %}

{% macro without_changed_people(changes) -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as old using {{ changes }} as changed where old.user_id = changed.user_id
    {%- endif -%}
{%- endmacro %}

{#- A hook that removes what nothing counts any more. -#}
{% macro without_zeros(column_name) -%}
    {%- if is_incremental() -%} delete from {{ this }} where {{ column_name }} = 0 {%- endif -%}
{%- endmacro %}

{#- Statistics of a table that was written whole; a day's rows leave them to autovacuum. -#}
{% macro analyze_if_whole() -%}
    {%- if not is_incremental() -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}

{#- A table as the last build left it, without being built before it; none in a full build. -#}
{% macro stored(schema, name) -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {{ return(adapter.get_relation(database=target.database, schema=schema, identifier=name)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
