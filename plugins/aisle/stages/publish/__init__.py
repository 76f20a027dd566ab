"""Publish: batch output on S3 becomes the live generation of the cache.

Reads   asset `batch_output`: the JSON lines that recommend's two batch jobs wrote to S3.
Writes  `cache.offline_user_recommendations`, `cache.offline_similar_items`, `cache.popular_products`,
        `cache.generations`, `cache.rejected_records`; asset `cache`.

Both tables are staged beside the live ones (`…__next`), checked, and take the live names in one transaction. The
generation they replace stays (`…__previous`) for `generations.rollback()`. A group that has a part of the shop has its
popular products counted in the same transaction: they bear the generation's name and are live as long as it is.

Each dataset group has a cache of its own: schema `cache` for the first of the environment's file, `cache_<group>` for
any other, made when it is first published to. `cache.groups` says which there are.
"""
