"""S0-25: the shipped policy has what the code calls, and the preflight names what a caller lacks."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aisle.settings import PROJECT_ROOT
from personalize_kinds.kinds import KINDS, RECIPE
from services.doctor.permissions import POLICY, Permissions, actions, principal_of

#: Kinds that no stage and no file of an environment uses.
UNUSED = {"DatasetExportJob", "BatchSegmentJob"}
SERVICES = {
    "personalize": "personalize", "personalize-events": "personalize", "personalize-runtime": "personalize",
}  # fmt: skip


def operations(service: str) -> dict[str, str]:
    names = botocore.session.get_session().get_service_model(service).operation_names
    return {xform_name(name): name for name in names}


def called_by_name() -> Iterator[str]:
    """Yield the operations that code calls as methods, or whose names it hands on."""
    known = {method: name for service in SERVICES for method, name in operations(service).items()}
    for folder in ("plugins", "services"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            if "engine" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                word = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
                if isinstance(word, str) and word in known:
                    yield known[word]


def called_by_kind() -> Iterator[str]:
    """Yield the operations whose names are made of a verb and a kind."""
    known = set(operations("personalize").values())
    for kind in [kind for noun, kind in KINDS.items() if noun not in UNUSED] + [RECIPE]:
        verbs = () if kind is RECIPE else ("Create", "Describe", "Update", "Delete")
        yield from (f"{verb}{kind.noun}" for verb in verbs if f"{verb}{kind.noun}" in known)
        yield f"List{kind.noun}s"


def test_s0_25_the_policy_allows_what_the_code_calls_and_nothing_else_of_personalize() -> None:
    needed = {f"personalize:{name}" for name in (*called_by_name(), *called_by_kind())}
    allowed = {action for action in actions() if action.startswith("personalize:")}
    assert allowed == needed


def test_s0_25_the_policy_has_no_wildcard_but_for_the_resources_of_personalize() -> None:
    statements = json.loads(POLICY.read_text())["Statement"]
    assert not [action for action in actions() if "*" in action]
    assert [statement["Sid"] for statement in statements if statement["Resource"] == "*"] == ["Personalize"]
    (pass_role,) = [statement for statement in statements if "iam:PassRole" in statement["Action"]]
    assert pass_role["Condition"] == {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}


class Caller:
    """Clients of AWS whose answers are scripted: no IAM runs here."""

    def __init__(self, arn: str = "arn:aws:iam::123456789012:user/shop") -> None:
        options = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.sts, self.iam, self.personalize = (
            boto3.client(name, **options)
            for name in ("sts", "iam", "personalize")  # type: ignore[call-overload]
        )
        self.stubs = [Stubber(client) for client in (self.sts, self.iam, self.personalize)]
        for stub in self.stubs:
            stub.activate()
        self.stubs[0].add_response("get_caller_identity", {"Arn": arn, "Account": "123456789012", "UserId": "x"})

    def decides(self, *denied: str, principal: str = "arn:aws:iam::123456789012:user/shop") -> None:
        results = [
            {"EvalActionName": action, "EvalDecision": "implicitDeny" if action in denied else "allowed"}
            for action in actions()
        ]
        asked = {"PolicySourceArn": principal, "ActionNames": actions()}
        self.stubs[1].add_response("simulate_principal_policy", {"EvaluationResults": results}, asked)

    def check(self) -> Any:
        return Permissions(self.sts, self.iam, self.personalize).check()


@pytest.mark.parametrize(
    "denied",
    [["personalize:CreateSolution"], ["s3:PutObject", "iam:PassRole"], ["personalize:PutEvents"]],
    ids=lambda denied: denied[0],
)
def test_s0_25_a_missing_permission_is_reported_by_name(denied: list[str]) -> None:
    caller = Caller()
    caller.decides(*denied)
    made = caller.check()
    assert made.state == "failed"
    assert {f"{action} is missing" for action in denied} <= set(made.facts)
    assert all(action in made.remedy for action in denied)


def test_s0_25_a_caller_with_every_permission_is_told_so() -> None:
    role = "arn:aws:iam::123456789012:role/pipeline"
    caller = Caller("arn:aws:sts::123456789012:assumed-role/pipeline/session")
    caller.decides(principal=role)
    assert caller.check().state == "ok"


def test_s0_25_where_iam_may_not_be_asked_lists_are_tried() -> None:
    caller = Caller()
    caller.stubs[1].add_client_error("simulate_principal_policy", "AccessDenied")
    for action in actions():
        service, _, operation = action.partition(":")
        if service == "personalize" and operation.startswith("List") and operation != "ListTagsForResource":
            if operation == "ListSolutions":
                caller.stubs[2].add_client_error("list_solutions", "AccessDeniedException")
            else:
                caller.stubs[2].add_response(xform_name(operation), {}, {"maxResults": 1})
    made = caller.check()
    assert made.state == "failed"
    assert "personalize:ListSolutions is missing" in made.facts
    assert sum("is missing" in fact for fact in made.facts) == 1


def test_another_error_of_iam_is_raised() -> None:
    caller = Caller()
    caller.stubs[1].add_client_error("simulate_principal_policy", "ServiceFailure")
    with pytest.raises(ClientError, match="ServiceFailure"):
        caller.check()


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:iam::1:user/shop", "arn:aws:iam::1:user/shop"),
        ("arn:aws:sts::1:assumed-role/pipeline/i-0abc", "arn:aws:iam::1:role/pipeline"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
    ],
)
def test_the_policies_of_a_session_are_those_of_its_role(caller: str, principal: str) -> None:
    assert principal_of(caller) == principal
