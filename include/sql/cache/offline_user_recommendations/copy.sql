-- freeze: a reader whose snapshot is older than this load still finds the new table full, never empty.
copy {cache}.offline_user_recommendations__next (user_id, recommendations, updated_at, score_kind, generation)
from stdin with (freeze)
