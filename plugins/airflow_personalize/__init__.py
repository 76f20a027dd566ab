"""Amazon Personalize for Airflow, in the shape of the Amazon provider: hooks, operators, sensors, triggers, waiters,
links.

Knowing the service's name, you know every path: `<folder>/personalize`. Which service answers, Amazon's or one that
speaks its wire API, is the connection's business (`service_config.personalize.endpoint_url` in its extra).
"""
