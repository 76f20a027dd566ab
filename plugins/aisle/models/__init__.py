"""Models: which versions there are, which is live, what campaigns answer, and how far the data have moved on."""
