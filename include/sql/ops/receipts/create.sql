-- One row per finished piece of work: what each leg did, in rows and seconds.
create table if not exists ops.receipts (
    run_key text not null,
    leg text not null,
    subject text not null,
    rows_in bigint,
    rows_out bigint,
    bytes bigint,
    seconds double precision not null,
    details jsonb not null default '{}',
    finished_at timestamptz not null default now(),
    primary key (run_key, leg, subject)
);

-- One row per exported file. sha256 is of the CSV's bytes: equal bytes need no new import.
create table if not exists ops.exports (
    dataset text not null,
    run_key text not null,
    uri text not null,
    n_rows bigint not null,
    n_bytes bigint not null,
    sha256 text not null,
    exported_at timestamptz not null default now(),
    primary key (dataset, run_key)
);

-- One row per job that was started, by what went into it: same purpose, model, data and input mean the same job.
create table if not exists ops.jobs (
    purpose text not null,
    fingerprint text not null,
    arn text not null,
    run_key text not null,
    output_uri text,
    started_at timestamptz not null default now(),
    primary key (purpose, fingerprint)
);

-- One row per metric of a solution version, as GetSolutionMetrics gave it.
create table if not exists ops.model_metrics (
    solution text not null,
    solution_version_arn text not null,
    metric text not null,
    value double precision not null,
    measured_at timestamptz not null default now(),
    primary key (solution_version_arn, metric)
);

-- One row per expectation of a suite and run.
create table if not exists ops.quality_results (
    run_key text not null,
    suite text not null,
    severity text not null check (severity in ('stop', 'note')),
    expectation text not null,
    column_name text,
    is_met boolean not null,
    observed jsonb,
    n_unexpected bigint,
    checked_at timestamptz not null default now(),
    check_id text not null,
    primary key (run_key, suite, check_id)
);
