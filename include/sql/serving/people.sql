-- name: resolve
-- The user id of Aisle for each id that was sent. A user id of which only events tell stays itself, too.
select
    people.sent_id,
    case
        when
            exists (
                select from serving.sessions
                where sessions.user_id = people.sent_id
            )
            or exists (
                select from serving.interactions
                where interactions.user_id = people.sent_id
            )
            then people.sent_id
        else people.user_id
    end as user_id
from identity.people_of(%(sent_ids)s::text[], %(contact_hashes)s::text[]) as people;
