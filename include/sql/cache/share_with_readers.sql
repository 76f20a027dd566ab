select cache.share_with_readers(%(schema)s)
