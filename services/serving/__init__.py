"""The serving API: reads the live generation of the cache, and nothing else but the fallback's product counts."""
