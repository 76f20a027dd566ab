"""The vocabulary of Amazon Personalize: the names of its resources, the meaning of statuses, and its limits.

    kinds     every kind of resource: its names on the wire, in boto3 and in ARNs, and its peculiarities
    statuses  every status, its meaning, and the consequences for waiting and for planning changes
    codes     error codes: which are transient, which are caused by the events of a call
    limits    minimums, lengths and sizes that the service enforces
    arns      the form of an ARN
    events    which events may share a call of PutEvents
    gateway   find, list, describe and poll resources through a boto3 client
    endpoints whether an endpoint is Amazon's
    polls     the result of one poll while waiting
    responses whether a response came from the service, and is complete
    waiters   the waiter file of the Airflow provider, written from the status table

It imports the standard library and botocore, so that an Airflow provider, a command line and a server that speaks the
service's protocol can share it (docs/adr/0014).
"""
