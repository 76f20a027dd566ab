-- The list of one user, by the hash that stands for them, or all lists. Its user is served the popular products until
-- the next publish.
delete from {cache}.offline_user_recommendations
where %(key)s::text is null or identity.user_hash(user_id) = %(key)s
