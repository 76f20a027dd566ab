-- name: create
-- One row per product key, with the spelling that the product goes by everywhere: the first that was seen, because a
-- model knows its items by it. Delete a row, and the next order of the product decides anew.
create table if not exists raw.company__product_spellings (
    product_key text primary key,
    product_id text not null
);
