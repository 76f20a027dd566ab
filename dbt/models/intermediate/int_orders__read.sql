-- Read from raw once: what ingest, a merge of people or an erasure changes while a build runs is either in all of its
-- models or in none of them, and an order never has one person here and another one there.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[{'columns': ['source', 'order_id'], 'unique': true}],
) }}

with orders as (
    {{ of_changed_orders(ref('stg_company__orders')) }}
)

select * from orders
