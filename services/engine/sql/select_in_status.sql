select seq, arn, kind, body, inner
from resources
where (:kind is null or kind = :kind)
    and json_extract(body, '$.status') in (select value from json_each(:statuses))
order by seq
