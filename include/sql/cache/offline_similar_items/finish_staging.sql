alter table {cache}.offline_similar_items__next
add constraint offline_similar_items__next_pkey primary key (product_id);
select cache.copy_grants('{cache}.offline_similar_items', '{cache}.offline_similar_items__next');
analyze {cache}.offline_similar_items__next;
