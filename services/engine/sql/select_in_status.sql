select seq, arn, kind, body, inner
from resources
where json_extract(body, '$.status') in (select value from json_each(:statuses))
    and (:kind is null or kind = :kind)
order by seq
