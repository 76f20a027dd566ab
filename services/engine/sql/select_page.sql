select seq, arn, kind, body, inner
from resources
where kind = :kind
    and (:region is null or region = :region)
    and (:before is null or seq < :before)
order by seq desc
limit :page_rows
