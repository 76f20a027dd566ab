-- The list of one product, or all lists. The product is unknown to serving until the next publish.
delete from {cache}.offline_similar_items
where %(key)s::text is null or product_id = %(key)s
