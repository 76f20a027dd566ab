"""Answers in real time: deployed models, live histories, filters, promotions, exploration."""
