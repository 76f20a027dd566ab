"""Resources: what Personalize should hold is planned, applied and torn down by DAGs of their own."""
