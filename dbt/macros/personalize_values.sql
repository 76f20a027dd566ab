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

{#- A number as a float of Personalize holds it: not NaN or infinite, not too large or small; null otherwise. -#}
{% macro finite(expression) -%}
    case when {{ expression }} = 0 or abs({{ expression }}) between 1e-37 and 3e38 then {{ expression }} end
{%- endmacro %}
