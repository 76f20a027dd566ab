create table if not exists resources (
    seq integer primary key autoincrement,
    arn text not null unique,
    kind text not null,
    region text not null,
    body text not null,
    inner text not null
);
create index if not exists resources_by_kind on resources (kind, region, seq);
create table if not exists tags (
    arn text not null,
    tag_key text not null,
    tag_value text not null,
    primary key (arn, tag_key)
);
