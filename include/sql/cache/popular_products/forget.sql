delete from {cache}.popular_products
where generation = %(generation)s
