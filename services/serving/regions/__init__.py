"""What a sample of a region's active customers is recommended: match rate and affinity of each item."""
