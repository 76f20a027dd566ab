-- So that `select * from offline_user_recommendations` finds the cache without its schema's name.
do $$
begin
    execute format('alter database %I set search_path = public, cache, core', current_database());
end
$$;
