-- name: create
-- One row per currency and day: what one unit is worth in the warehouse's currency from that day on, to the next row.
create table if not exists raw.exchange_rates (
    currency text not null,
    valid_from date not null,
    rate numeric(20, 10) not null check (rate > 0),
    loaded_at timestamptz not null default now(),
    primary key (currency, valid_from)
);

-- name: upsert
-- A later table corrects an earlier one.
insert into raw.exchange_rates (currency, valid_from, rate)
select distinct on (currency, valid_from)
    currency,
    valid_from,
    rate
from
    unnest(
        %(currencies)s::text[], %(days)s::date[], %(rates)s::numeric[]
    ) with ordinality as rates (currency, valid_from, rate, place)
order by currency, valid_from, place desc
on conflict (currency, valid_from) do update set
    rate = excluded.rate,
    loaded_at = now();

-- name: list
select
    currency,
    valid_from,
    rate
from raw.exchange_rates;
