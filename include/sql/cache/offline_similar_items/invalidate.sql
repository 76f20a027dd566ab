-- The list of one product, or all lists. The product is unknown to serving until the next publish. Its id may differ
-- from the shop's spelling by upper and lower case, as in a look-up, where only one list could be meant.
with same_letters as (
    select product_id
    from {cache}.offline_similar_items
    where upper(product_id) = upper(btrim(%(key)s::text))
)

delete from {cache}.offline_similar_items as lists
where
    %(key)s::text is null
    or lists.product_id = %(key)s
    or lists.product_id in (
        select min(same_letters.product_id)
        from same_letters
        having count(*) = 1
    )
