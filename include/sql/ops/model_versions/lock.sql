-- One change of a solution's live version at a time.
select pg_advisory_xact_lock(hashtext('ops.model_versions'), hashtext(%(solution)s))
