-- name: create
create table if not exists resources (
    seq integer primary key autoincrement,
    arn text not null unique,
    kind text not null,
    region text not null,
    body text not null,
    inner text not null
);
create index if not exists resources_by_kind_and_age on resources (kind, seq);
create index if not exists resources_by_status on resources (json_extract(body, '$.status'), kind);
create index if not exists resources_in_update on resources (seq) where json_extract(inner, '$.updating');
-- Which resource names which other resource, in which member. `links` is this view as a table, kept by the triggers.
create view if not exists naming as
select r.seq, m.key as member, m.value as target
from resources as r, json_each(r.body) as m
where m.key like '%Arn' or m.key like '%Id'
union all
select r.seq, m.key as member, m.value as target
from resources as r, json_each(r.inner) as m
where m.key like '%Arn' or m.key like '%Id';
create table if not exists links (
    seq integer not null,
    member text not null,
    target text not null,
    primary key (target, member, seq)
) without rowid;
create index if not exists links_by_seq on links (seq);
create trigger if not exists resource_added after insert on resources
begin
    insert or ignore into links select seq, member, target from naming where seq = new.seq;
end;
create trigger if not exists resource_changed after update on resources
begin
    delete from links where seq = new.seq;
    insert or ignore into links select seq, member, target from naming where seq = new.seq;
end;
create trigger if not exists resource_removed after delete on resources
begin
    delete from links where seq = old.seq;
end;
-- A store that an earlier version wrote has no links yet.
insert or ignore into links select seq, member, target from naming where not exists (select 1 from links);
create table if not exists tags (
    arn text not null,
    tag_key text not null,
    tag_value text not null,
    primary key (arn, tag_key)
);

-- name: insert
insert into resources (arn, kind, region, body, inner)
values (:arn, :kind, :region, :body, :inner);

-- name: update
update resources
set body = :body, inner = :inner
where arn = :arn;

-- name: count
select count(*)
from resources as r
where r.kind = :kind
    and r.region = :region
    and (:member is null or r.seq in (select l.seq from links as l where l.target = :value and l.member = :member))
    and (:statuses = '[]' or json_extract(r.body, '$.status') in (select value from json_each(:statuses)));

-- name: select_page
select seq, arn, kind, body, inner
from resources
where kind = :kind
    and (:region is null or region = :region)
    and (:before is null or seq < :before)
order by seq desc
limit :page_rows;

-- name: select_page_of
select r.seq, r.arn, r.kind, r.body, r.inner
from links as l
inner join resources as r on l.seq = r.seq
where l.target = :value
    and l.member = :member
    and (:before is null or l.seq < :before)
    and r.kind = :kind
    and (:region is null or r.region = :region)
order by l.seq desc
limit :page_rows;

-- name: select_in_status
select seq, arn, kind, body, inner
from resources
where json_extract(body, '$.status') in (select value from json_each(:statuses))
    and (:kind is null or kind = :kind)
order by seq;

-- name: select_in_update
select seq, arn, kind, body, inner
from resources
where json_extract(inner, '$.updating')
order by seq;
