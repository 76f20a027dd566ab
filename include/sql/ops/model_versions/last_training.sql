-- When a version of these solutions was last trained, or a training last asked for by `evaluate`; null if never.
select greatest(
    (
        select max(model_versions.trained_at)
        from ops.model_versions as model_versions
        where model_versions.solution = any(%(solutions)s)
    ),
    (
        select max(receipts.finished_at)
        from ops.receipts as receipts
        where
            receipts.leg = 'evaluate'
            and receipts.subject = %(retrain)s
    )
) as trained_at
