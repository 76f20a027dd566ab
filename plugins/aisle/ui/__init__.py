"""Aisle's pages inside the Airflow UI: the pipeline today, quality, models, cache, cost. They only read.

`plugins/aisle_plugin.py` hands them to Airflow. Each page module has `read(...)`, which gives what its template of the
same name draws.
"""
