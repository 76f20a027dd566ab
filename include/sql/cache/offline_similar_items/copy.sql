-- freeze: a reader whose snapshot is older than this load still finds the new table full, never empty.
copy {cache}.offline_similar_items__next (product_id, similar_products, updated_at, score_kind, generation)
from stdin with (freeze)
