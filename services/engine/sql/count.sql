select count(*)
from resources as r
where r.kind = :kind
    and r.region = :region
    and (:member is null or r.seq in (select l.seq from links as l where l.target = :value and l.member = :member))
    and (:statuses = '[]' or json_extract(r.body, '$.status') in (select value from json_each(:statuses)))
