{#- Events are not known by what changed: with them, all rows are computed. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=(true if var('event_types') else none),
    on_schema_change='fail',
    pre_hook="{{ without_changed_people(ref('int_changes__users')) }}",
    post_hook="{{ readable_by_serving() }}",
    indexes=[{'columns': ['user_id']}],
) }}

with purchases as (
    {{ purchases_of_changed_people() }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

{% if var('event_types') %}
events as (
    select * from {{ source('serving', 'interactions') }}
),

exported_types as (
    select
        key as event_type,
        value as exported_as
    from jsonb_each_text('{{ var("event_types") | tojson }}')
),

{% endif %}
interactions as (
    select
        user_id,
        product_id as item_id,
        'purchase'::text as event_type,
        quantity::real as event_value,
        {{ epoch_seconds('ordered_at') }} as timestamp
    from purchases
    where user_id is not null and product_id not in (select held_back_items.item_id from held_back_items)
    {% if var('event_types') %}
    union all
    select
        events.user_id,
        events.item_id,
        exported_types.exported_as as event_type,
        coalesce({{ finite('events.event_value') }}, {{ finite('events.weight') }}, 1)::real as event_value,
        {{ epoch_seconds('events.occurred_at') }} as timestamp
    from events
    inner join exported_types on events.event_type = exported_types.event_type
    where
        events.user_id in (select users.user_id from {{ ref('users') }} as users)
        and events.item_id in (select items.item_id from {{ ref('items') }} as items)
    {% endif %}
)

select * from interactions
