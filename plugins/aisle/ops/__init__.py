"""Schema `ops`: receipts of tasks, jobs in Personalize, interventions by hand, and what they cost."""
