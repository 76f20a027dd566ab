select exists(select from identity.tombstones) as exist
