-- Refused lines of generations that were staged and never published. A run that is still staging is younger than this.
with gone as (
    delete from {cache}.rejected_lines
    where
        not exists (
            select from {cache}.generations
            where generations.generation = rejected_lines.generation and generations.state in ('live', 'previous')
        )
        and exists (
            select from ops.receipts
            where
                receipts.run_key = rejected_lines.generation
                and receipts.leg = 'publish'
                and receipts.finished_at < %(orphaned_before)s
        )
    returning generation
)

select
    generation as run_key,
    count(*) as n_rows
from gone
group by generation
order by generation
