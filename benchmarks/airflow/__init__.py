"""What waiting costs Airflow."""
