-- Texts that name a user: the values that a quality check found, and what was asked by hand. The check and the deed are
-- kept, the user is not.
update ops.quality_results set observed = null
from unnest(%(user_ids)s::text[]) as erased (user_id)
where strpos(quality_results.observed::text, erased.user_id) > 0;

update ops.interventions set subject = 'user, erased ' || left(identity.user_hash(erased.user_id), 12)
from unnest(%(user_ids)s::text[]) as erased (user_id)
where strpos(interventions.subject, erased.user_id) > 0;

update raw.company__rejects set
    payload = '',
    detail = 'blanked: its person was erased'
from unnest(%(marks)s::text[]) as mark
where company__rejects.payload ~* mark or company__rejects.detail ~* mark;
