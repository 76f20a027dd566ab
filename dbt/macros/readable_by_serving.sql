{# Lets the role of the recommendations API read a relation, where there is that role (include/sql/admin.sql). #}
{% macro readable_by_serving() %}
do $$
begin
    if to_regrole('aisle_reader') is not null then
        grant select on {{ this }} to aisle_reader;
    end if;
end
$$
{% endmacro %}
