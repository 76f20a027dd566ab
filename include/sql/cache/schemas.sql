select schemas
from cache.schemas()
