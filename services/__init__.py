"""Programs beside Airflow: the engine, the API, the company's order API, and the stack that runs them all here."""
