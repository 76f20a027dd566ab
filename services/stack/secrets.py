"""The stack's own passwords and keys: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet


@dataclass(frozen=True)
class StackSecrets:
    """Nothing here has a default: a secret that everybody knows is none."""

    airflow_fernet_key: str
    airflow_api_secret: str
    airflow_jwt_secret: str
    company_api_token: str
    identity_hash_key: str
    serving_api_key: str

    @classmethod
    def make(cls) -> StackSecrets:
        return cls(
            airflow_fernet_key=Fernet.generate_key().decode(),
            airflow_api_secret=secrets.token_urlsafe(32),
            airflow_jwt_secret=secrets.token_urlsafe(48),
            company_api_token=secrets.token_urlsafe(24),
            identity_hash_key=secrets.token_urlsafe(32),
            serving_api_key=secrets.token_urlsafe(24),
        )

    @classmethod
    def kept_in(cls, path: Path) -> StackSecrets:
        """The secrets of `path`, made if there are none yet."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls.make()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(made), indent=1))
        draft.replace(path)
        return made
