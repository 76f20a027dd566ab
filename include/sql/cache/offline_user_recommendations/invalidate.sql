-- The list of one user, or all lists. Its user is served the popular products until the next publish.
delete from {cache}.offline_user_recommendations
where %(key)s::text is null or user_id = %(key)s
