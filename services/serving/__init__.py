"""The serving API: one application, a folder per domain, over the published lists and the marts beside them."""
