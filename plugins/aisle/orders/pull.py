"""Pull: load windows of a source from the company API into raw, in order, each completely or not at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg

from aisle.errors import AisleError
from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.client import CompanyApi
from aisle.orders.currency import Rates
from aisle.orders.landing import Lander
from aisle.orders.ledger import Ledger, Proof
from aisle.orders.redaction import Redaction
from aisle.orders.staging import Staging
from aisle.orders.translation import Translator
from aisle.orders.windows import Kind, Window
from aisle.settings import get_settings
from aisle.sources import Source

log = logging.getLogger(__name__)

#: Clocks that differ by less are not reported.
_LARGEST_SKEW = timedelta(minutes=5)


@dataclass
class Pulled:
    """The result of a pull, over all its windows."""

    windows: int = 0
    pages: int = 0
    bytes: int = 0
    #: How far the clock that set the windows is ahead of the others.
    clock_ahead: timedelta = timedelta()
    proofs: list[Proof] = field(default_factory=list)

    @property
    def total(self) -> Proof:
        return Proof.total(self.proofs)


class Puller:
    """Pull one source. `connection` must be in autocommit, so that no transaction is open during a request."""

    def __init__(
        self, source: Source, api: CompanyApi, archive: Archive, hasher: PersonHasher, connection: psycopg.Connection
    ) -> None:
        self._source = source
        self._api = api
        self._archive = archive
        self._lander = Lander(source, hasher, rates=Rates.read(connection, get_settings().ingest.currency))
        self._translator = Translator(source)
        self._redaction = Redaction(connection, source.name, hasher)
        self._connection = connection
        self._staging = Staging(connection)
        self._ledger = Ledger(connection, source.name, archive.run_key)

    def pull(self, windows: Sequence[Window], kind: Kind) -> Pulled:
        """Fetch, archive, land and prove each window. The first failure ends the pull with its error.

        A backfill does not fetch a window again that the same run has proven.
        """
        self._ledger.abandon_running()
        self._distrust_future()
        pulled = Pulled()
        for window in windows:
            with self._ledger.claimed(window):
                proof = self._ledger.proof(window) if kind == "backfill" else None
                if proof is None:
                    self._pull_or_fail(window, kind, pulled)
                else:
                    pulled.proofs.append(proof)
        return pulled

    def _distrust_future(self) -> None:
        windows = self._ledger.distrust_future()
        if windows:
            log.error(
                "%s: %d windows were proven by a clock that ran ahead, the last one %s; they are fetched again, but "
                "check the clocks of the scheduler and the workers",
                self._source.name, len(windows), windows[-1],
            )  # fmt: skip

    def _pull_or_fail(self, window: Window, kind: Kind, pulled: Pulled) -> None:
        self._ledger.begin(window, kind)
        try:
            self._pull_window(window, kind, pulled)
        except BaseException as error:
            self._note_failure(window, error)
            raise

    def _pull_window(self, window: Window, kind: Kind, pulled: Pulled) -> None:
        self._staging.clear()
        census = self._translator.census()
        pages = repeated_orders = 0
        for fetched in self._api.pages(self._source, window):
            translated = self._translator.translated(fetched, census)
            with self._redaction.applied(translated.page) as page:
                archive_key = self._archive.store(self._source.name, window, page)
            self._staging.add(
                self._lander.land(order, archive_key, left_out)
                for order, left_out in zip(page.orders, translated.left_out, strict=True)
            )
            pages += 1
            pulled.bytes += len(page.body)
            repeated_orders += page.n_repeats
        with self._connection.transaction():
            self._staging.merge(self._source.name, window, self._archive.run_key)
            census.store(self._connection, self._source.name, self._archive.run_key)
            proof, proven_until = self._ledger.prove(window, kind, pages, repeated_orders, self._api.answered_at)
        pulled.windows += 1
        pulled.pages += pages
        pulled.proofs.append(proof)
        log.info("%s %s: %d pages, %s", self._source.name, window, pages, proof)
        if window.end - proven_until > _LARGEST_SKEW:
            pulled.clock_ahead = max(pulled.clock_ahead, window.end - proven_until)
            log.error(
                "%s %s: its end has not come yet by the clocks of the warehouse and of the company API; it is proven "
                "up to %s only. Check the clocks of the scheduler and the workers",
                self._source.name, window, proven_until,
            )  # fmt: skip

    def _note_failure(self, window: Window, error: BaseException) -> None:
        """Record the failure: Aisle's own messages, which have no personal data, or only the type of another error."""
        said = str(error) if isinstance(error, AisleError) else type(error).__name__
        with suppress(psycopg.Error):  # the lost connection may be the very failure; abandon_running() will find it
            self._ledger.fail(window, said)
