"""Commands about one person. They ask for the person, so that a shell's history does not keep it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Annotated

import typer
from pydantic import SecretStr

from aisle.contracts.identity import USER_ID, email_address, phone_number, user_hash
from aisle.settings import get_settings
from aisle.sources import sources
from services.terminal import TerminalConsole
from services.usage import UsageError, WarehouseUrl, ask

commands = typer.Typer()
console = TerminalConsole()

_MINUTES_PER_DAY = 24 * 60


@commands.command()
def erase(url: WarehouseUrl = None) -> None:
    """File a request to erase a person. It asks for the person, so that a shell's history does not keep it."""
    from aisle.warehouse import connect, sql
    from services.stack.running import running_stack

    warehouse_url = url or running_stack().addresses.warehouse_url
    console.print("Who asks to be forgotten? What is not known stays empty.")
    person = _person()
    with connect(warehouse_url) as connection:
        row = connection.execute(sql("identity/erasure_requests/insert").encode(), person).fetchone()
    params = json.dumps({"request_id": row[0] if row else ""})
    console.print(f"Filed. Now start the DAG:  aisle start erase '{params}'", soft_wrap=True)


@commands.command("user-hash")
def hash_user() -> None:
    """Print the hash of a user for a DAG's params. It asks for the id, so that a shell's history does not keep it."""
    console.print(user_hash(ask(console, "user_id", _check_user_id)), highlight=False)


@commands.command("user-token")
def issue_user_token(
    user_id: Annotated[str, typer.Argument(help="The user id, as the lists have it.")],
    minutes: Annotated[int, typer.Option(min=1, max=_MINUTES_PER_DAY, help="How long the token is valid.")] = 60,
) -> None:
    """Print a token with which a user of the running stack can call its API."""
    from services.serving.settings import ServingSettings
    from services.serving.tokens import issue_token
    from services.stack.running import running_stack

    stack = running_stack()
    settings = ServingSettings(
        database_url=SecretStr(stack.addresses.reader_url),
        api_key_hashes=(sha256(stack.secrets.serving_api_key.encode()).hexdigest(),),
        token_secret=SecretStr(stack.secrets.serving_token_secret),
    )
    typer.echo(issue_token(settings, user_id, timedelta(minutes=minutes)))


def _person() -> dict[str, str | None]:
    """Ask for everything that may identify a person. Raises UsageError if nothing is given."""
    phone = ask(console, "phone", _empty_or(_check_phone))
    email = ask(console, "email", _empty_or(_check_email))
    source = ask(console, f"source ({_source_names()})", _empty_or(_check_source))
    source_id = ask(console, f"the id at {source}", _check_not_empty) if source else ""
    user_id = ask(console, "user_id", _empty_or(_check_user_id))
    answers = {"phone": phone, "email": email, "source": source, "source_id": source_id, "user_id": user_id}
    if not any(answers.values()):
        raise UsageError("nothing was filed, because nobody is named: answer at least one of the questions")
    return {name: answer or None for name, answer in answers.items()}


def _empty_or(check: Callable[[str], None]) -> Callable[[str], None]:
    return lambda answer: check(answer) if answer else None


def _check_phone(answer: str) -> None:
    region = get_settings().identity.phone_region
    if phone_number(answer, region) is None:
        raise ValueError(f"this is nobody's phone number; write it as in {region}, or with + and the country's code")


def _check_email(answer: str) -> None:
    if email_address(answer) is None:
        raise ValueError("this is no e-mail address of a person; write name@domain")


def _source_names() -> str:
    return " or ".join(source.name for source in sources())


def _check_source(answer: str) -> None:
    if answer not in [source.name for source in sources()]:
        raise ValueError(f"this is no order system; write {_source_names()}")


def _check_not_empty(answer: str) -> None:
    if not answer:
        raise ValueError("a source alone names nobody; write the customer's id there")


def _check_user_id(answer: str) -> None:
    if USER_ID.fullmatch(answer) is None:
        raise ValueError("this is no user id of Aisle; write its 32 hex digits")
