"""Checks before the first program starts: every setting, and the files they name.

A mistake in one of them would else be told by the program that meets it, after a minute and several other programs.
"""

from __future__ import annotations

from typing import Any

from aisle.contracts.prices import read_price_list
from aisle.errors import UnusableSettings
from aisle.groups.dataset_group import dataset_groups
from aisle.groups.environment_file import load
from aisle.settings import get_settings, unusable_settings
from services.company_api.order_file import read_company
from services.company_api.settings import CompanyApiSettings
from services.engine.settings import EngineSettings
from services.options import AnySettings
from services.serving.settings import ServingSettings
from services.stack.airflow_database import check_pools
from services.stack.settings import StackSettings, stack_settings


def check() -> list[str]:
    """Check the settings of the stack, of Aisle and of every program; return remarks on the orders' rows.

    Raises ConfigurationError that names the setting, the path it stands for, and what to do.
    """
    stack = stack_settings()
    settings = get_settings()
    load(settings.personalize.resources_file)
    dataset_groups()
    read_price_list(settings.cost.price_list)
    check_pools(stack.pools_file)
    _checked(ServingSettings, "the recommendations API", database_url="", api_key_hashes="0" * 64)
    if not stack.personalize_endpoint_url:
        _checked(EngineSettings, "the engine")
    notes = [] if stack.company_api_url else _check_orders()
    _check_root(stack)
    return notes


def _check_root(stack: StackSettings) -> None:
    """Create the home as the stack would, and check that it is writable."""
    try:
        stack.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (stack.home / ".writable").touch()
        (stack.home / ".writable").unlink(missing_ok=True)
    except OSError as error:
        raise UnusableSettings(
            f"making the folder {stack.home}: {error.strerror}; let STACK_ROOT be a folder that you may write to"
        ) from error


def _check_orders() -> list[str]:
    company = _checked(CompanyApiSettings, "the order API", token="checked before one is made")
    return list(read_company(company.orders).notes) if company.orders else []


def _checked(settings: type[AnySettings], program: str, **given: Any) -> AnySettings:
    """Check the settings of a program; `given` is what the stack sets."""
    try:
        return settings(**given)
    except ValueError as error:
        raise unusable_settings(program, settings.model_config["env_prefix"], error) from error
