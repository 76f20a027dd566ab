"""Settings of the serving API: `SERVING_<FIELD>` in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import limits
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from aisle.contracts.event_types import EVENT_TYPES
from aisle.settings import ProjectPath, get_settings, take_old_names
from aisle.sources import sources
from aisle.web_guard import Audience, address_of, names_of
from personalize_kinds.limits import MAX_RESULTS

PREFIX = "SERVING_"
CampaignArn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z\d-]+:personalize:[^:]+:\d*:campaign/[\w-]+$")]
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


#: A secret of HS256 is as long as its hash (RFC 7518, 3.2); an RSA key has 2,048 bits (3.3).
_SHORTEST_SECRET, _SMALLEST_KEY = 32, 2048


class ServingSettings(BaseSettings):
    """Everything the API can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, populate_by_name=True)

    database_url: SecretStr = Field(description="libpq URL of the warehouse")
    api_key_hashes: Annotated[tuple[Sha256Hex, ...], NoDecode] = Field(
        min_length=1, description="sha256 of each accepted API key, in hex, separated by commas"
    )
    token_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret that signs the tokens of users (HS256), at least 32 bytes"
    )
    token_public_key: str = Field(
        default="", description="RSA public key (PEM) of whoever signs the tokens of users (RS256)"
    )
    token_audience: str = Field(default="aisle", min_length=1, description="Audience (`aud`) that a token must name")
    token_issuer: str = Field(default="aisle", min_length=1, description="Issuer (`iss`) that a token must name")
    token_leeway_seconds: float = Field(default=10, ge=0, le=300, description="How far the issuer's clock may differ")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on")
    allowed_hosts: str = Field(
        default="",
        description="Names by which it may be asked, comma-separated, besides localhost and IP addresses; * is any",
    )
    allowed_origins: str = Field(
        default="", description="Origins whose web pages may ask it, comma-separated; empty: none"
    )
    rate_limit: str = Field(
        default="120/minute", description="Calls that a user may make of the routes for users, as '<n>/<unit>'"
    )
    rate_limit_storage: Literal["memory", "warehouse"] = Field(
        default="memory", description="Where calls are counted: in each process, or in the warehouse for all processes"
    )
    recommendation_ttl_seconds: float = Field(
        default=3600, ge=0, description="How long the list that an algorithm made for a user is answered with again"
    )
    hybrid_collaborative_share: float = Field(
        default=0.7, ge=0, le=1, description="Share of the collaborative score in the hybrid one; content has the rest"
    )
    churn_ttl_seconds: float = Field(default=86400, ge=0, description="How long a client may keep a churn prediction")
    churn_medium_from: float = Field(default=0.3, ge=0, le=1, description="Churn risk from which the level is medium")
    churn_high_from: float = Field(default=0.7, ge=0, le=1, description="Churn risk from which the level is high")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer, each with connections of its own")
    pool_size: int = Field(default=8, ge=1, description="Most connections of a process to the warehouse at a time")
    transaction_pooling: bool = Field(
        default=False, description="The warehouse is reached through a pooler in transaction mode, such as PgBouncer"
    )
    wait_seconds: float = Field(default=2, gt=0, description="Longest wait for a connection before answering 503")
    in_stock_days: int = Field(
        default=30, ge=1, description="A product sold this recently, counted from the newest sale, counts as in stock"
    )
    exclude_purchased: bool = Field(default=False, description="Leave out what the user has purchased")
    picks_file: ProjectPath | None = Field(
        default=None, description="TOML file of pinned and boosted items (docs/serving.md)"
    )
    recent_minutes: float = Field(
        default=30, ge=0, description="What a user did so recently changes the order of their list; 0: nothing does"
    )
    recent_weight: float = Field(
        default=0.3, gt=0, le=1, description="How far, as a share of the best score, an item similar to it can rise"
    )
    region_sample: int = Field(default=50, ge=1, le=1000, description="Active users whose lists stand for a region")
    open_pages: bool = Field(
        default=False, description="Show pages without a login; possible only where it listens on loopback"
    )
    real_time: bool = Field(
        default=False, description="Ask the campaign for users without a list; off: they get what is popular"
    )
    campaigns: Annotated[Mapping[str, CampaignArn], NoDecode] = Field(
        default={},
        description="Campaign that answers users without a list, of each dataset group that has one: "
        "<group>=<ARN>, comma-separated; a request without a group asks the first",
    )
    similar_campaigns: Annotated[Mapping[str, CampaignArn], NoDecode] = Field(
        default={}, description="Campaign of similar items that answers items without a list, in the same form"
    )
    campaign_items: int = Field(default=25, ge=1, le=MAX_RESULTS, description="Items that the campaign is asked for")
    personalize_endpoint_url: str = Field(default="", description="The engine's address; empty: Amazon's own")
    real_time_seconds: float = Field(
        default=1, gt=0, description="Longest wait for the campaign before the answer is what is popular"
    )

    identity_hash_key: SecretStr = Field(
        default=SecretStr(""), description="AISLE_IDENTITY__HASH_KEY, by which ids of users become user ids"
    )
    user_id_source: str = Field(default="oe", description="Order system whose ids of customers callers send")
    amplitude_webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="AMPLITUDE_WEBHOOK_SECRET",
        description="Secret that Amplitude's webhook sends in X-Webhook-Secret; empty: it is open on loopback only",
    )
    amplitude_api_key: SecretStr = Field(
        default=SecretStr(""), description="The api_key of Amplitude's SDKs that are pointed at this API; empty: none"
    )
    webhook_max_megabytes: float = Field(default=4, gt=0, le=64, description="Largest body with events, unpacked")
    webhook_requests: int = Field(default=64, ge=1, description="Requests with events under way before others get 429")
    event_types_file: ProjectPath = Field(
        default=EVENT_TYPES, description="Table of the types of events, with their weights"
    )
    shop_seconds: float = Field(
        default=20, gt=0, description="Longest wait for the answer of a request of the shop page before it is a 504"
    )
    shop_campaign_arn: CampaignArn | Literal[""] = Field(
        default="", description="Campaign that answers the shop page with SERVING_REAL_TIME; empty: the cache does"
    )
    shop_tracking_id: str = Field(default="", description="Event tracker that is told of a selection")
    shop_users_dataset_arn: str = Field(default="", description="Users dataset that is told of a customer's metadata")
    require_https: bool = Field(
        default=False, description="Refuse requests that did not come by HTTPS, as the proxy in front says"
    )

    sentry_dsn: SecretStr = Field(
        default=SecretStr(""), description="Where unexpected errors are reported to, by Sentry's DSN; empty: nowhere"
    )
    experiments_file: ProjectPath | None = Field(
        default=None, description="File of the experiments between dataset groups; empty: none"
    )

    @field_validator("api_key_hashes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("campaigns", "similar_campaigns", mode="before")
    @classmethod
    def _split_by_group(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        entries = [entry.strip().partition("=") for entry in value.split(",") if entry.strip()]
        return {group.strip(): arn.strip() for group, _, arn in entries}

    @field_validator("user_id_source")
    @classmethod
    def _refuse_unknown_source(cls, value: str) -> str:
        known = [source.name for source in sources()]
        if value not in known:
            raise ValueError(f"is {value!r}: there is no such order system; give one of {', '.join(known)}")
        return value

    @field_validator("rate_limit")
    @classmethod
    def _refuse_unreadable_limit(cls, value: str) -> str:
        try:
            n_calls = limits.parse(value).amount
        except ValueError:
            n_calls = 0
        if n_calls < 1:
            raise ValueError(f"is {value!r}: write it as 120/minute, 5/second or 1000/day")
        return value

    @field_validator("token_secret")
    @classmethod
    def _refuse_short_secret(cls, value: SecretStr) -> SecretStr:
        n_bytes = len(value.get_secret_value().encode())
        if 0 < n_bytes < _SHORTEST_SECRET:
            raise ValueError(f"has {n_bytes} bytes, HS256 needs {_SHORTEST_SECRET}: make one with openssl rand -hex 32")
        return value

    @field_validator("token_public_key")
    @classmethod
    def _refuse_unusable_key(cls, value: str) -> str:
        if value:
            _check_public_key(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_variables(cls, values: Any) -> Any:
        """pydantic looks for known names only: a misspelt one would be silently ignored."""
        take_old_names()
        known = {PREFIX + name.upper() for name in cls.model_fields}
        if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known):
            raise ValueError(f"the environment has {', '.join(unknown)}, which is none of {', '.join(sorted(known))}")
        return values

    @model_validator(mode="after")
    def _refuse_levels_out_of_order(self) -> Self:
        if self.churn_medium_from > self.churn_high_from:
            raise ValueError(f"{PREFIX}CHURN_MEDIUM_FROM is above {PREFIX}CHURN_HIGH_FROM: let it be at most that")
        return self

    @model_validator(mode="after")
    def _require_campaign(self) -> Self:
        if self.real_time and not self.campaigns:
            raise ValueError(
                f"{PREFIX}REAL_TIME needs {PREFIX}CAMPAIGNS, <dataset group>=<ARN of a campaign>: set it, or switch off"
            )
        return self

    @model_validator(mode="after")
    def _require_all_of_the_shop(self) -> Self:
        names = ("shop_campaign_arn", "shop_tracking_id", "shop_users_dataset_arn")
        missing = [PREFIX + name.upper() for name in names if not getattr(self, name)]
        if 0 < len(missing) < len(names):
            raise ValueError(f"the recommender of the shop page needs {', '.join(missing)} too: set all, or none")
        return self

    @model_validator(mode="after")
    def _refuse_open_pages_for_others(self) -> Self:
        if self.open_pages and not self.listens_on_loopback:
            raise ValueError(
                f"{PREFIX}OPEN_PAGES is for loopback only: let {PREFIX}HOST be 127.0.0.1, or switch it off"
            )
        return self

    @property
    def webhook_max_bytes(self) -> int:
        return int(self.webhook_max_megabytes * 1024 * 1024)

    @property
    def listens_on_loopback(self) -> bool:
        """Whether only programs of this machine can ask."""
        address = address_of(self.host)
        return self.host == "localhost" or bool(address and address.is_loopback)

    @property
    def audience(self) -> Audience:
        return Audience(names_of(self.allowed_hosts), names_of(self.allowed_origins))

    @property
    def recent(self) -> timedelta:
        return timedelta(minutes=self.recent_minutes)

    @property
    def cache_ttl(self) -> timedelta:
        """The age from which lists are flagged as stale, here and on the pages in Airflow."""
        return get_settings().publish.cache_ttl


def _check_public_key(pem: str) -> None:
    """Raises ValueError if this is not the PEM of an RSA public key that is long enough. It is not quoted."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise ValueError("is no public key in PEM: it begins with -----BEGIN PUBLIC KEY-----") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        raise ValueError(f"is no RSA key of at least {_SMALLEST_KEY} bits")
