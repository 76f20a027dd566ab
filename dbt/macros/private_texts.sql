{#-
  What in a text about a product is an e-mail address or a phone number, else null.

  A product's text is full of numbers that are none: ISBN, UPC, EAN, IMEI, part numbers, sizes, years. So a run of bare
  digits counts only where its form is that of a phone number and of no catalogue: a country code behind + or, with
  separators, behind 00; a national number in two groups, or of eleven digits; any after a word such as "call".
-#}
{% macro private_part(text) -%}
    case
        when {{ text }} ~ '[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}' then 'an e-mail address'
        when
            {{ text }} ~ '(^|[^0-9A-Za-z+])\+[1-9]([ ().-]{0,2}[0-9]){7,14}($|[^0-9A-Za-z])'
            or {{ text }} ~ '(^|[^0-9A-Za-z+.-])00[1-9][0-9]{0,2}[ ().-]{1,2}[0-9]([ ().-]{0,2}[0-9]){5,12}($|[^0-9A-Za-z])'
            or {{ text }} ~ '(^|[^0-9A-Za-z+.-])0[1-9][0-9]{1,3}[ -][0-9]{6,8}($|[^0-9A-Za-z-])'
            or {{ text }} ~ '(^|[^0-9A-Za-z+.-])0[1-9][0-9]{9}($|[^0-9A-Za-z-])'
            or {{ text }} ~* '\m(call|phone|tel|mobile|cell|contact|whatsapp|sms)\M[^0-9A-Za-z]{0,4}[0-9]([ ().-]{0,2}[0-9]){6,10}($|[^0-9A-Za-z-])'
            then 'a phone number'
    end
{%- endmacro %}

{#-
  What in a column of a person is an e-mail address or a phone number, else null. Stricter than `private_part`, because
  no catalogue number belongs there: any run of digits that could be dialled counts. The suite marts_users_privacy checks
  the same, so that what this lets pass stops nothing.
-#}
{% macro contact_part(text) -%}
    coalesce(
        {{ private_part(text) }},
        case
            when
                {{ text }} ~ '(^|[^0-9A-Za-z+])(\+|00)[1-9]([ ().-]{0,2}[0-9]){7,14}($|[^0-9A-Za-z])'
                or {{ text }} ~ '(^|[^0-9A-Za-z])0[1-9][0-9]{1,3}[ -]?[0-9]{6,8}($|[^0-9A-Za-z])'
                then 'a phone number'
        end
    )
{%- endmacro %}
