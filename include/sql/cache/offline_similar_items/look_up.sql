select
    {nth} as place,
    similar_products,
    generation,
    score_kind,
    updated_at
from {cache}.offline_similar_items
where product_id = %(key)s
