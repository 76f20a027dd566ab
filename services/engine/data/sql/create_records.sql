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
