-- One row per measure of a boundary and run: how much there was, what it was compared with, and the verdict. Only good
-- runs, which passed their gate, are compared with later. is_accepted marks a level that a person has accepted: what
-- was measured before it does not count any more. dataset_group is empty where all groups share a boundary.
create table if not exists ops.volumes (
    boundary text not null,
    dataset_group text not null,
    measure text not null,
    run_key text not null,
    value bigint not null,
    last_good_value bigint,
    last_good_run_key text,
    typical_value bigint,
    stop_below numeric not null,
    note_below numeric not null,
    verdict text not null check (verdict in ('met', 'note', 'stop')),
    is_good boolean not null default false,
    is_accepted boolean not null default false,
    measured_at timestamptz not null default now(),
    primary key (boundary, dataset_group, measure, run_key)
);
