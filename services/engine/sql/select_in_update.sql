select seq, arn, kind, body, inner
from resources
where json_extract(inner, '$.updating')
order by seq
