"""Airflow's rim: what the DAGs share beside their stages, such as defaults, pools, deadlines and gates."""
