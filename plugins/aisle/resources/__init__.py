"""What Personalize should hold, as one file per environment: load it, plan against the service, apply, tear down.

Reads  the file of the environment, the service.
Writes the resources in the service.

Nothing here knows Airflow: every function takes a boto3 client, that of `PersonalizeHook` or any other.
"""
