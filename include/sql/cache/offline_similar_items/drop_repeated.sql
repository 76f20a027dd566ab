-- Of several lines for one id the last one counts.
delete from {cache}.offline_similar_items__next as earlier
using {cache}.offline_similar_items__next as later
where earlier.product_id = later.product_id and earlier.ctid < later.ctid
