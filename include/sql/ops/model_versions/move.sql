-- From one state to another without a new decision: what was decided of the version still holds.
update ops.model_versions set state = %(to_state)s
where
    solution = %(solution)s
    and state = %(from_state)s
