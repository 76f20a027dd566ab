-- Why PutEvents would not take an event; null if it would. The limits are those of aisle.contracts.personalize; a test
-- compares them. An event from the future would outweigh every later one, and PostgreSQL knows moments and numbers that
-- neither JSON nor Python has.
create or replace function events.why_unsendable(
    user_id text, session_id text, event_type text, item_id text, event_value real, occurred_at timestamptz
) returns text stable parallel safe language sql
as $$
    select case
        when coalesce(item_id, '') = '' then 'itemId is missing'
        when coalesce(user_id, '') = '' then 'userId is missing'
        when event_type not in ('purchase') then format('eventType is %L, not one that is sent', left(event_type, 40))
        when length(item_id) > 256 then format('itemId has %s characters; 256 are allowed', length(item_id))
        when length(user_id) > 256 then format('userId has %s characters; 256 are allowed', length(user_id))
        when length(session_id) not between 1 and 256
            then format('sessionId has %s characters; 1 to 256 are allowed', length(session_id))
        when item_id ~ '[[:cntrl:]]' then 'itemId has control characters'
        when user_id ~ '[[:cntrl:]]' then 'userId has control characters'
        when event_value in ('NaN', 'Infinity', '-Infinity') then format('eventValue is %s', event_value)
        when occurred_at < '1970-01-01T00:00:00Z' then format('sentAt is %s, before 1970', occurred_at)
        when occurred_at > now() + interval '1 day' then format('sentAt is %s, more than a day ahead', occurred_at)
    end
$$;
