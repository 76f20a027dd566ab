"""Every public operator and sensor documents each of its parameters in place, and leads to its guide."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor

from airflow_personalize.operators import personalize as operators
from airflow_personalize.sensors import personalize as sensors
from tests.unit.airflow_personalize.create_cases import public_operators

SENSORS = sorted(sensor.__name__ for sensor in sensors.PersonalizeBaseSensor.__subclasses__())
PUBLIC = [getattr(operators, name) for name in public_operators()] + [getattr(sensors, name) for name in SENSORS]
by_class = pytest.mark.parametrize("documented_class", PUBLIC, ids=lambda documented_class: documented_class.__name__)
_AWS = {"aws_conn_id", "region_name", "verify", "botocore_config"}


def parameters_of(documented_class: Any) -> set[str]:
    """Parameters of all constructors down from the provider's base class, with the connection's."""
    names = set(_AWS)
    for ancestor in documented_class.__mro__:
        if ancestor in (AwsBaseOperator, AwsBaseSensor):
            return names
        if "__init__" in vars(ancestor):
            signature = inspect.signature(inspect.unwrap(vars(ancestor)["__init__"]))
            keywords = [
                name for name, parameter in signature.parameters.items() if parameter.kind == parameter.KEYWORD_ONLY
            ]
            names.update(keywords)
    raise AssertionError(f"{documented_class} is neither an operator nor a sensor of the provider")


def documented_in(documented_class: Any) -> dict[str, str]:
    return dict(re.findall(r":param (\w+): (.*?)(?=\n *:param|\n *\n|\Z)", documented_class.__doc__, re.DOTALL))


def test_there_are_operators_and_sensors() -> None:
    assert len(PUBLIC) >= 40


@by_class
def test_each_parameter_is_documented_in_place(documented_class: Any) -> None:
    assert set(documented_in(documented_class)) == parameters_of(documented_class)


@by_class
def test_what_is_a_template_says_so(documented_class: Any) -> None:
    templated = {
        name for name, text in documented_in(documented_class).items() if text.rstrip().endswith("(templated)")
    }
    assert templated == set(documented_class.template_fields) - _AWS


@by_class
def test_the_docstring_leads_to_the_guide(documented_class: Any) -> None:
    kind = "sensor" if documented_class.__name__.endswith("Sensor") else "operator"
    assert f":ref:`howto/{kind}:{documented_class.__name__}`" in documented_class.__doc__
