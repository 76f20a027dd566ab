"""The result of a region in a window: sample, match rate, affinity, interval."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean

from aisle.contracts.recommendations import ScoredProduct
from services.serving.errors import RegionUnknown, WindowUnknown
from services.serving.regions.repository import Region, RegionsRepository
from services.serving.regions.schemas import (
    Affinity,
    RegionHistory,
    RegionItem,
    RegionKind,
    RegionList,
    RegionResult,
    RegionSummary,
)
from services.serving.scores import relative_scores
from services.serving.settings import ServingSettings

WINDOW = timedelta(hours=6)
#: From these match rates in percent on.
HIGH, MEDIUM = 80.0, 40.0
#: Items of a result; a sample of 50 lists has hundreds, most of them received once.
MAX_ITEMS = 100
#: Windows that a result stays for: a week of them.
KEPT_WINDOWS = 28
#: Of the normal distribution, for an interval that holds the true rate 95 times out of 100.
_Z = 1.959964


def now() -> datetime:
    """Return the time by which windows are cut."""
    return datetime.now(UTC)


def window_of(moment: datetime) -> datetime:
    """Return when the window of a moment began: at 0, 6, 12 or 18 o'clock UTC."""
    moment = moment.astimezone(UTC)
    return moment.replace(hour=moment.hour // 6 * 6, minute=0, second=0, microsecond=0)


def affinity_of(match_rate: float) -> Affinity:
    """Return the class of a match rate in percent."""
    if match_rate >= HIGH:
        return "high"
    return "medium" if match_rate >= MEDIUM else "low"


def wilson(receivers: int, sampled: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, in percent. Unlike the usual one it stays within 0 and 100."""
    share, square = receivers / sampled, _Z * _Z
    middle = (share + square / (2 * sampled)) / (1 + square / sampled)
    half = _Z / (1 + square / sampled) * math.sqrt(share * (1 - share) / sampled + square / (4 * sampled * sampled))
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


class RegionsService:
    """Computes a window's result once, and answers everybody in this window with it."""

    def __init__(self, repository: RegionsRepository, settings: ServingSettings) -> None:
        self._repository = repository
        self._sample_size = settings.region_sample

    async def regions(self, kind: RegionKind) -> RegionList:
        """Return the regions that can be chosen."""
        regions = await self._repository.regions(kind)
        return RegionList(
            regions=[
                RegionSummary(
                    region_kind=kind, region=region.key, region_name=region.name, n_active_users=region.n_active_users
                )
                for region in regions
            ]
        )

    async def result(self, kind: RegionKind, name: str, window: datetime | None = None) -> RegionResult:
        """Return the result of a region in a window, or in the present one. Raises RegionUnknown, WindowUnknown."""
        region = await self._region(kind, name)
        present = window_of(now())
        asked = window_of(window) if window else present
        if asked != present:
            kept = await self._repository.result(kind, region.key, asked)
            if kept is None:
                raise WindowUnknown(f"nothing is kept of {region.name} for the window of {asked:%Y-%m-%d %H:%M} UTC")
            return RegionResult.model_validate_json(kept)
        generation = await self._repository.live_generation()
        if generation is None:
            return await self._compute(kind, region, present, None)
        return await self._kept(kind, region, present, generation)

    async def history(self, kind: RegionKind, name: str) -> RegionHistory:
        """Return the last windows of a region, the newest first. Raises RegionUnknown."""
        region = await self._region(kind, name)
        kept = await self._repository.history(kind, region.key, KEPT_WINDOWS)
        return RegionHistory(windows=[RegionResult.model_validate_json(result) for result in kept])

    async def _region(self, kind: RegionKind, name: str) -> Region:
        region = await self._repository.region(kind, name)
        if region is None:
            raise RegionUnknown(f"no order names a {kind} {name!r}; GET /api/v1/regions lists those that there are")
        return region

    async def _kept(self, kind: RegionKind, region: Region, window: datetime, generation: str) -> RegionResult:
        kept = await self._repository.result(kind, region.key, window, generation)
        if kept is None:
            result = await self._of_one_generation(kind, region, window, generation)
            generation = result.generation or generation
            text, since = result.model_dump_json(), window - KEPT_WINDOWS * WINDOW
            await self._repository.keep(kind, region.key, window, generation, text, since)
            kept = await self._repository.result(kind, region.key, window, generation) or text
        return RegionResult.model_validate_json(kept)

    async def _of_one_generation(
        self, kind: RegionKind, region: Region, window: datetime, generation: str
    ) -> RegionResult:
        """Compute again where a generation was switched while the lists were read."""
        while True:
            result = await self._compute(kind, region, window, generation)
            live = await self._repository.live_generation() or generation
            if live == generation:
                return result
            generation = live

    async def _compute(
        self, kind: RegionKind, region: Region, window: datetime, generation: str | None
    ) -> RegionResult:
        seed = f"{kind}:{region.key}:{window:%Y-%m-%dT%H:%MZ}"
        user_ids = await self._repository.sample(kind, region.key, seed, self._sample_size)
        lists = await self._repository.lists(user_ids) if generation is not None else []
        items = _items(lists, len(user_ids))[:MAX_ITEMS]
        names = await self._repository.names([item.item_id for item in items])
        for item in items:
            item.product_name = names.get(item.item_id)
        return RegionResult(
            region_kind=kind,
            region=region.key,
            region_name=region.name,
            window_start=window,
            window_end=window + WINDOW,
            seed=seed,
            n_active_users=region.n_active_users,
            n_sampled=len(user_ids),
            n_with_list=len(lists),
            is_small=len(user_ids) < self._sample_size,
            generation=generation,
            computed_at=now(),
            items=items,
        )


def _items(lists: Sequence[Sequence[ScoredProduct]], n_sampled: int) -> list[RegionItem]:
    """The items of all lists, the most received first; of equals the one with the higher score."""
    receivers: Counter[str] = Counter()
    scores: dict[str, list[float]] = defaultdict(list)
    for products in lists:
        relative = relative_scores([product.score for product in products])
        for product, score in zip(products, relative, strict=True):
            receivers[product.product_id] += 1
            scores[product.product_id].append(score)
    items = [_item(item_id, count, n_sampled, fmean(scores[item_id])) for item_id, count in receivers.items()]
    return sorted(items, key=lambda item: (-item.receivers, -item.average_score, item.item_id))


def _item(item_id: str, receivers: int, n_sampled: int, average_score: float) -> RegionItem:
    match_rate = 100 * receivers / n_sampled
    low, high = wilson(receivers, n_sampled)
    return RegionItem(
        item_id=item_id,
        product_name=None,
        receivers=receivers,
        match_rate=match_rate,
        interval_low=low,
        interval_high=high,
        affinity=affinity_of(match_rate),
        average_score=min(1.0, average_score),
    )
