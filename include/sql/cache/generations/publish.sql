insert into {cache}.generations (
    generation, state, user_lists, item_lists, users_asked, items_asked, solution_versions, published_at
)
values (
    %(generation)s, 'live', %(user_lists)s, %(item_lists)s, %(users_asked)s, %(items_asked)s, %(solution_versions)s,
    clock_timestamp()
)
on conflict (generation) do update set
    state = excluded.state,
    user_lists = excluded.user_lists,
    item_lists = excluded.item_lists,
    users_asked = excluded.users_asked,
    items_asked = excluded.items_asked,
    solution_versions = excluded.solution_versions,
    published_at = excluded.published_at
