"""The hook of Amazon Personalize Runtime: answers of campaigns."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any

from airflow_personalize.hooks.base_personalize import PersonalizeBaseHook


class PersonalizeRuntimeHook(PersonalizeBaseHook):
    """
    Interact with Amazon Personalize Runtime.

    Provide thin wrapper around
    :external+boto3:py:class:`boto3.client("personalize-runtime") <PersonalizeRuntime.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize-runtime"
        super().__init__(*args, **kwargs)
