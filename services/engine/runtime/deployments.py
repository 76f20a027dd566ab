"""Deployments: loaded models by campaign, and parsed filters, as current as the store.

Answers take no lock of the store. Values read from it are valid until its count of changes grows; then the campaign is
read again, and a new version of it is loaded before it replaces the old one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
import structlog

from personalize_kinds.kinds import CAMPAIGN, DATASET_GROUP, FILTER, SOLUTION_VERSION, Kind
from personalize_kinds.statuses import ACTIVE
from services.engine.catalogue import USER_PERSONALIZATION, Recipe, recipe_of
from services.engine.data.attributes import Attributes
from services.engine.data.datasets import Datasets
from services.engine.data.interactions import EventSelection
from services.engine.errors import InvalidInput, NotFound, PersonalizeError
from services.engine.files import DataFolder
from services.engine.filters import Filter, parse
from services.engine.lifecycle import Completion
from services.engine.models.storage import TrainedModel, load, single_items
from services.engine.recipes.exploration import MAX_SHARE
from services.engine.recipes.histories import Floats
from services.engine.resources import Resource
from services.engine.runtime.assortment import Assortment
from services.engine.runtime.lifts import context_lifts, segment_lift
from services.engine.store import Store

log = structlog.get_logger()

#: Recipes that recommend items added after the training: by exploration, or in a given list.
WITH_LATE_ITEMS = frozenset({"aws-user-personalization", "aws-user-personalization-v2", "aws-personalized-ranking-v2"})
#: Recipes whose campaigns return metadata by default.
WITH_METADATA = frozenset({"aws-user-personalization-v2", "aws-personalized-ranking-v2"})
#: The service's defaults of itemExplorationConfig.
EXPLORATION_WEIGHT, EXPLORATION_CUT_OFF_DAYS = 0.3, 30.0
#: The fixed weight of aws-user-personalization-v2: a thousandth of its places goes to items within the cut-off.
SECOND_VERSION_WEIGHT = 0.001 / MAX_SHARE
#: Maximum share of the time that is spent on rebuilding an assortment, however often items change.
REBUILDING_SHARE = 0.1
MAX_SEGMENTS = 64
MAX_FILTERS = 512

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Present:
    """An assortment, the attributes it was built from, and when it may be rebuilt (monotonic seconds)."""

    items: Attributes
    assortment: Assortment
    renewed_from: float


class LoadedVersion:
    """A solution version in memory, and values computed from it. Thread-safe."""

    def __init__(self, version: Resource, trained: TrainedModel, datasets: Datasets) -> None:
        self.version_arn = version.arn
        self.trained = trained
        self.group_arn: str = version.body["datasetGroupArn"]
        self.recipe: Recipe = _recipe(version)
        self.selection = EventSelection.of(version.body)
        self.seen_seq: int = version.inner.get("seen_seq", 0)
        self._datasets = datasets
        self._present: Present | None = None
        self._building = threading.Lock()
        self._segment_lift = lru_cache(MAX_SEGMENTS)(self._lift_of)
        self._context_lifts: dict[str, dict[str, Floats]] = {}

    @cached_property
    def usual(self) -> Floats:
        """Scores for an unknown user; shape (n_items of the model,)."""
        scores: Floats = self.trained.model.scores(single_items(np.array([-1])))[0]
        return scores

    def assortment(self) -> Assortment:
        """Return every item that may be recommended, with current attributes."""
        items = self._datasets.items(self.group_arn)
        present = self._present
        if present and (present.items is items or time.monotonic() < present.renewed_from):
            return present.assortment
        with self._building:
            if self._present is present:
                self._present = self._build(items)
            return self._present.assortment if self._present else self._build(items).assortment

    def warm(self) -> None:
        """Load and compute what every answer needs."""
        self.assortment()
        _ = self.usual
        self._datasets.interacted(self.group_arn, "")

    def segment_lift(self, user_id: str) -> Floats | None:
        """Return the lift of the users with this one's categorical attributes; None if the user has none."""
        schema = self._datasets.schema(self.group_arn, "USERS")
        if schema is None:
            return None
        row = self._datasets.users(self.group_arn).row(user_id)
        categorical = [column.name for column in schema.columns if column.categorical]
        values = tuple((name, str(row[name])) for name in categorical if name in row and name in self._users.columns)
        return self._segment_lift(values) if values else None

    def context_lift(self, context: Mapping[str, str]) -> Floats | None:
        """Return the lift of a context; None if none of its columns and values are known."""
        lifts = [lift for name, value in context.items() if (lift := self._lifts_in(name).get(value)) is not None]
        if not lifts:
            return None
        product = lifts[0]
        for other in lifts[1:]:
            product = product * other
        return product

    def _build(self, items: Attributes) -> Present:
        started = time.monotonic()
        assortment = Assortment.of(self.trained.interactions, items, with_late=self.recipe.name in WITH_LATE_ITEMS)
        ended = time.monotonic()
        return Present(items, assortment, ended + (ended - started) / REBUILDING_SHARE)

    @cached_property
    def _users(self) -> Attributes:
        """Attributes of the model's users, in its order, as of the first use."""
        return self._datasets.users(self.group_arn).align(self.trained.interactions.user_ids)

    def _lift_of(self, values: tuple[tuple[str, str], ...]) -> Floats:
        return segment_lift(self.trained.interactions, self._users, dict(values))

    def _lifts_in(self, column: str) -> dict[str, Floats]:
        if column not in self._context_lifts:
            schema = self._datasets.schema(self.group_arn, "INTERACTIONS")
            if schema is None or schema.column(column) is None:
                return {}  # and not cached: clients may send any number of unknown names
            dataset = self._datasets.find(self.group_arn, "INTERACTIONS")
            table = self._datasets.table(dataset) if dataset else None
            self._context_lifts[column] = context_lifts(self.trained.interactions, table, column) if table else {}
        return self._context_lifts[column]


@dataclass(frozen=True)
class Deployment:
    """A campaign and the version that it serves."""

    campaign: Resource
    loaded: LoadedVersion

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.campaign.body.get("campaignConfig", {})
        return config

    @property
    def returns_metadata(self) -> bool:
        return self.loaded.recipe.name in WITH_METADATA or bool(self.config.get("enableMetadataWithRecommendations"))

    @property
    def exploration(self) -> tuple[float, float]:
        """Weight, from 0 to 1, and cut-off in days; the weight is 0 where the recipe does not explore."""
        recipe = self.loaded.recipe
        if recipe.type != USER_PERSONALIZATION or recipe.name not in WITH_LATE_ITEMS:
            return 0.0, EXPLORATION_CUT_OFF_DAYS
        if recipe.second_version:
            return SECOND_VERSION_WEIGHT, EXPLORATION_CUT_OFF_DAYS
        config = self.config.get("itemExplorationConfig", {})
        return (
            float(config.get("explorationWeight", EXPLORATION_WEIGHT)),
            float(config.get("explorationItemAgeCutOff", EXPLORATION_CUT_OFF_DAYS)),
        )


class _Current(Generic[Value]):
    """A cache of values that a function reads by ARN; it reads them again when the store has changed."""

    def __init__(self, store: Store, read: Callable[[str], Value]) -> None:
        self._store = store
        self._read = read
        self._known: dict[str, tuple[int, Value]] = {}

    def __call__(self, arn: str) -> Value:
        # Read the count first: what changes in between is read again next time.
        changes = self._store.changes
        known = self._known.get(arn)
        if known and known[0] == changes:
            return known[1]
        self._known.pop(arn, None)
        value = self._read(arn)
        self._known[arn] = changes, value
        return value

    def keep(self, is_needed: Callable[[Value], bool]) -> None:
        """Drop the values that are no longer needed."""
        self._known = {arn: known for arn, known in self._known.copy().items() if is_needed(known[1])}


class Deployments:
    """Loaded models by campaign ARN. Thread-safe."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._loading = threading.Lock()
        self._versions: dict[str, tuple[int, LoadedVersion]] = {}
        self._deployments = _Current(store, self._read_campaign)
        self._filters = _Current(store, self._read_filter)

    def of(self, campaign_arn: str) -> Deployment:
        """Return a campaign and its version. Raises NotFound unless the campaign is ACTIVE."""
        return self._deployments(campaign_arn)

    def filter(self, arn: str, deployment: Deployment) -> Filter:
        """Return an ACTIVE filter of the campaign's dataset group. Raises NotFound, InvalidInput."""
        resource, parsed = self._filters(arn)
        group = resource.body[DATASET_GROUP.arn_member]
        if group != deployment.loaded.group_arn:
            raise InvalidInput(
                f"The filter {arn} belongs to {group}, the campaign to {deployment.loaded.group_arn}; "
                "create a filter in the campaign's dataset group"
            )
        if parsed.target != "ITEM":
            raise InvalidInput(f"The filter {arn} selects users; pass one of items (INCLUDE or EXCLUDE ItemID)")
        return parsed

    @property
    def loaded(self) -> list[str]:
        """ARNs of the versions in memory."""
        return [*self._versions]

    def prepare(self, campaign: Resource) -> Completion:
        """Run the job of CreateCampaign: load what the campaign needs before it is ACTIVE, so that no answer waits."""
        self._loaded(self._store.get(SOLUTION_VERSION, campaign.body["solutionVersionArn"])).warm()
        return lambda _campaign: None

    def prepare_update(self, campaign: Resource) -> None:
        """Load the version of an update before the campaign switches to it; the update itself reports a deleted one."""
        version = self._store.find(SOLUTION_VERSION, campaign.update["solutionVersionArn"])
        if version:
            self._loaded(version).warm()

    def warm(self) -> None:
        """Load the versions of ACTIVE campaigns in a thread of its own, so that the start does not wait for it."""
        threading.Thread(target=self._warm, name="engine-warm", daemon=True).start()

    def _warm(self) -> None:
        for campaign in self._store.page(CAMPAIGN):
            try:
                self.of(campaign.arn).loaded.warm()
            except PersonalizeError as error:
                # Not ACTIVE, or deleted in between: requests for it get the same error.
                log.info("not warmed", arn=campaign.arn, reason=str(error))

    def forget(self, campaign: Resource) -> None:
        """Drop a campaign that is being deleted, and its version if no other campaign serves it."""
        with self._loading:
            self._evict(except_for=campaign.arn)

    def _read_campaign(self, arn: str) -> Deployment:
        campaign = self._active(CAMPAIGN, arn)
        version = self._store.get(SOLUTION_VERSION, campaign.body["solutionVersionArn"])
        return Deployment(campaign, self._loaded(version))

    def _read_filter(self, arn: str) -> tuple[Resource, Filter]:
        resource = self._active(FILTER, arn)
        return resource, _parsed(resource.body["filterExpression"])

    def _active(self, kind: Kind, arn: str) -> Resource:
        resource = self._store.get(kind, arn)
        if resource.status != ACTIVE:
            raise NotFound(f"Resource Arn {arn} is {resource.status}; only an ACTIVE {kind.member} can be used")
        return resource

    def _loaded(self, version: Resource) -> LoadedVersion:
        """Return the version in memory. Its folder is rewritten when users are deleted, hence the check of its time."""
        written = self._files.model(version).stat().st_mtime_ns
        known = self._versions.get(version.arn)
        if known and known[0] == written:
            return known[1]
        with self._loading:
            known = self._versions.get(version.arn)
            if known is None or known[0] != written:
                self._evict()
                trained = load(_recipe(version).name, self._files.model(version))
                known = self._versions[version.arn] = written, LoadedVersion(version, trained, self._datasets)
        return known[1]

    def _evict(self, except_for: str = "") -> None:
        """Drop the versions that no campaign serves, except for a campaign that is being deleted."""
        campaigns = self._store.page(CAMPAIGN)
        served = {campaign.body["solutionVersionArn"] for campaign in campaigns if campaign.arn != except_for}
        self._versions = {arn: known for arn, known in self._versions.items() if arn in served}
        loaded = {id(known[1]) for known in self._versions.values()}
        self._deployments.keep(lambda deployment: id(deployment.loaded) in loaded)


@lru_cache(MAX_FILTERS)
def _parsed(expression: str) -> Filter:
    """Parse an expression once, because a filter caches its masks of an assortment."""
    return parse(expression)


def _recipe(version: Resource) -> Recipe:
    recipe = recipe_of(version.body["recipeArn"])
    if recipe is None:
        raise InvalidInput(f"{version.arn} was trained with {version.body['recipeArn']}, which the engine lacks")
    return recipe
