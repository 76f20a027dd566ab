select r.seq, r.arn, r.kind, r.body, r.inner
from links as l
inner join resources as r on l.seq = r.seq
where l.target = :value
    and l.member = :member
    and (:before is null or l.seq < :before)
    and r.kind = :kind
    and (:region is null or r.region = :region)
order by l.seq desc
limit :page_rows
