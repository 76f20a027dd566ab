"""Answers for one user or item at a time: what a campaign serves, from its model and from what happened since.

deployments  campaign → loaded model, and the filters of its group
assortment   every item that may be an answer
signals      what single records say about a user
lifts        what a segment of users, or a context, takes more often than others
scoring      model, signals, segment and context → one score per item
narrowing    a filter and its values → which items may be answers
promotions   promoted items among the others
issued       which list was given out under which recommendation id
answers      the lists of GetRecommendations and GetPersonalizedRanking
"""
