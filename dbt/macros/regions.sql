{#- By what a region is known: in upper case, with one space between words, so that its spellings are one. -#}
{% macro region_key(text) -%}
    nullif(upper(btrim(regexp_replace({{ text }}, '\s+', ' ', 'g'))), '')
{%- endmacro %}
