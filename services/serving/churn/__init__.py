"""How likely the current user is to leave: what the churn model has predicted, outside of any request."""
