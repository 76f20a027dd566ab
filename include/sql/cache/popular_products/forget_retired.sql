delete from {cache}.popular_products
using {cache}.generations
where popular_products.generation = generations.generation and generations.state = 'retired'
