"""Answers of campaigns for one user or item at a time, from the model and from single records since its training.

deployments  the loaded model of a campaign, and the filters of its group
assortment   every item that may be recommended
signals      items that a user turned down, or ignored
lifts        items that a segment of users, or a context, takes more often than others
scoring      one score per item, from model, signals, segment and context
narrowing    the items that a filter allows
promotions   promoted items among the others
issued       the items of each recommendation id
answers      the lists of GetRecommendations and GetPersonalizedRanking
"""
