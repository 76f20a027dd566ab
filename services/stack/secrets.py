"""The stack's passwords and keys: generated once, kept in a file that only its owner can read."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet


@dataclass(frozen=True)
class StackSecrets:
    """The stack's secrets. None has a default: a known secret is none."""

    airflow_fernet_key: str
    airflow_api_secret: str
    airflow_jwt_secret: str
    admin_password: str
    aws_access_key: str
    aws_secret_key: str
    company_api_token: str
    identity_hash_key: str
    reader_password: str
    serving_api_key: str
    serving_token_secret: str

    @classmethod
    def make(cls) -> StackSecrets:
        return cls(
            airflow_fernet_key=Fernet.generate_key().decode(),
            airflow_api_secret=secrets.token_urlsafe(32),
            airflow_jwt_secret=secrets.token_urlsafe(48),
            admin_password=secrets.token_urlsafe(12),
            aws_access_key=f"AISLE{secrets.token_hex(8).upper()}",
            aws_secret_key=secrets.token_urlsafe(30),
            company_api_token=secrets.token_urlsafe(24),
            identity_hash_key=secrets.token_urlsafe(32),
            reader_password=secrets.token_urlsafe(24),
            serving_api_key=secrets.token_urlsafe(24),
            serving_token_secret=secrets.token_urlsafe(48),
        )

    @classmethod
    def kept_in(cls, path: Path) -> StackSecrets:
        """Read the secrets of a file, and generate those that an earlier version did not have."""
        kept = json.loads(path.read_text()) if path.exists() else {}
        made = cls(**{**asdict(cls.make()), **kept})
        if asdict(made) != kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, json.dumps(asdict(made), indent=1))
        return made


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, completely or not at all."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
