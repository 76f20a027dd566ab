"""Which permissions the pipeline needs on AWS, and which of them the caller lacks. Nothing is created to find out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from aisle.settings import PROJECT_ROOT
from services.doctor.findings import Finding, graded

#: The least that a user or role needs. Replace the bucket and the role by yours.
POLICY = PROJECT_ROOT / "include" / "aws" / "minimal_policy.json"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


def actions(policy: Path = POLICY) -> list[str]:
    """Return the permissions of a policy, such as `personalize:CreateSolution`."""
    statements = json.loads(policy.read_text())["Statement"]
    return sorted({action for statement in statements for action in statement["Action"]})


class Permissions:
    """Asks AWS about the caller. Raises what boto3 raises, refusals aside."""

    def __init__(self, sts: Any, iam: Any, personalize: Any) -> None:
        self._sts = sts
        self._iam = iam
        self._personalize = personalize

    def check(self) -> Finding:
        """Return which permissions of the policy the caller lacks, by name."""
        caller = self._sts.get_caller_identity()["Arn"]
        needed = actions()
        try:
            missing, how = self._simulated(principal_of(caller), needed), f"{len(needed)} permissions simulated"
            unsure = ""
        except ClientError as error:
            if error.response["Error"]["Code"] not in (*_DENIED, "NoSuchEntity"):
                raise
            missing, how = self._tried(needed), "lists tried"
            unsure = "allow iam:SimulatePrincipalPolicy to have every permission checked: only lists were tried"
        facts = [f"caller {caller}; {how}", *(f"{action} is missing" for action in missing)]
        remedy = f"allow {', '.join(missing)}, as {POLICY.relative_to(PROJECT_ROOT)} does" if missing else ""
        return graded("permissions", facts, failed=remedy, look=unsure)

    def _simulated(self, principal: str, needed: Sequence[str]) -> list[str]:
        """Ask IAM what it would decide. Conditions on resources are not known to it."""
        pages = self._iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=principal, ActionNames=list(needed)
        )
        results = [result for page in pages for result in page["EvaluationResults"]]
        return sorted(result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed")

    def _tried(self, needed: Sequence[str]) -> list[str]:
        return [action for action, method in _lists_of_personalize(needed) if self._is_denied(method)]

    def _is_denied(self, method: str) -> bool:
        try:
            getattr(self._personalize, method)(maxResults=1)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            return True
        return False


def principal_of(caller: str) -> str:
    """Return the ARN whose policies count: that of the role for a session of one."""
    if ":assumed-role/" not in caller:
        return caller
    account, role = caller.split(":")[4], caller.split("/")[1]
    return f"arn:aws:iam::{account}:role/{role}"


def _lists_of_personalize(needed: Sequence[str]) -> Iterator[tuple[str, str]]:
    for action in needed:
        service, _, operation = action.partition(":")
        if service == "personalize" and operation.startswith("List") and not operation.startswith("ListTags"):
            yield action, xform_name(operation)
