"""The owner's pages: what came of recommendations, what users did, cache, received events, churn. They only read."""
