{#- A value as a categorical column of Personalize takes it. '|' would split it into several values. -#}
{% macro categorical(expression) -%}
    nullif(btrim(left(replace({{ expression }}, '|', '/'), {{ var('max_categorical_length') }})), '')
{%- endmacro %}

{#- A value as a textual column of Personalize takes it. -#}
{% macro textual(expression) -%}
    nullif(btrim(left({{ expression }}, {{ var('max_textual_length') }})), '')
{%- endmacro %}

{#- A moment as Personalize takes it: whole seconds since 1970, rounded down. -#}
{% macro epoch_seconds(expression) -%}
    floor(extract(epoch from {{ expression }}))::bigint
{%- endmacro %}
