"""A generated company: people with tastes buy products that belong together, the same for the same seed.

What a recommender can learn here, and what it is made of:

    people      belong to segments, which favour categories and one style within them
    repertoire  every person has a few products of their own and comes back for them, at their own rhythm
    kits        half of the products have a companion in the neighbouring category, bought together
    seasons     some categories sell in their months
    long tail   within a category and style, popularity falls with rank
"""
