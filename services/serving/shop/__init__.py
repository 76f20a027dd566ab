"""The shop page: five products, facts about a customer, or both, answered by an asynchronous workflow."""
