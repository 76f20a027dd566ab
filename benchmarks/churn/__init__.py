"""How well churn is predicted on real orders."""
