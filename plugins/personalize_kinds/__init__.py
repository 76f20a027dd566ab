"""The vocabulary of Amazon Personalize: what its resources are called, what their statuses mean, and its limits.

    kinds     every kind of resource: its names on the wire, in boto3 and in ARNs, and what is special about it
    statuses  every status, what it means, and what that is for somebody who waits or plans
    codes     error codes: which pass by themselves, which blame the events of a call
    limits    minimums, lengths and sizes that the service enforces
    arns      the form of an ARN
    events    which events may share a call of PutEvents
    gateway   find, list, describe and poll resources through a boto3 client
    endpoints whether an endpoint is Amazon's
    polls     what one look shows somebody who waits
    responses whether a response came from the service, and whole
    waiters   the waiter file of the Airflow provider, written from the status table

It imports the standard library and botocore, so that an Airflow provider, a command line and a server that speaks the
service's protocol can share it (docs/adr/0014).
"""
