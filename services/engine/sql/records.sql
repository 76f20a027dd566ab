-- name: create
create table if not exists records (
    seq integer primary key autoincrement,
    dataset text not null,
    subject text not null,
    session text,
    event_id text,
    fingerprint blob,
    cells text not null
);
create index if not exists records_by_subject on records (dataset, subject);
create unique index if not exists records_by_event_id on records (dataset, event_id);
create unique index if not exists records_by_fingerprint on records (dataset, fingerprint);

-- name: insert
insert or ignore into records (dataset, subject, session, event_id, fingerprint, cells)
values (?, ?, ?, ?, ?, ?)
returning seq;

-- name: delete_of
delete from records
where dataset = :dataset
    and (
        subject in (select value from json_each(:subjects))
        or (subject = session and session in (select value from json_each(:sessions)))
    );

-- name: select_sessions_of
select distinct session
from records
where dataset = :dataset
    and subject in (select value from json_each(:subjects))
    and session is not null;

-- name: select_all
select seq, dataset, subject, session, event_id, cells
from records
order by seq;

-- name: select_of_dataset
select seq, dataset, subject, session, event_id, cells
from records
where dataset = :dataset
order by seq;
