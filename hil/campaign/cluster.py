"""A Dask cluster as the place of a campaign: its scheduler hands chunks to workers on any number of machines.

Rows come back to the driver, which alone writes the journal. A worker that dies costs the chunk that it had, which the scheduler gives to
another; a chunk that took several workers with it comes back as lost, and the driver closes in on the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.campaign.engines import NoEngine
from hil.campaign.journal import Chunk
from hil.campaign.place import Done, Lost, Outcome, Raised
from hil.campaign.plan import Plan
from hil.campaign.running import live_far, versions_here
from hil.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Cluster", "Tls"]

TICK_S = 0.5
CONNECT_S = 10
CHUNKS_A_THREAD = 2
"""One under way and one waiting, so that no worker waits for the driver."""


class Tls(NamedTuple):
    """Files of the certificate authority, and of this client's certificate and key, all PEM."""

    authority: str
    certificate: str
    key: str


class Cluster:
    """A client of a running scheduler. Raises UsageError if it cannot be reached, or has workers of another installation."""

    def __init__(self, plan: Plan, address: str, tls: Tls | None = None) -> None:
        self._plan = plan
        self._address = address
        self._client = _connected(address, tls)
        self._under_way: dict[Future, Chunk] = {}
        self._sent = 0
        try:
            self._demand_workers()
            self._demand_alike()
        except BaseException:
            self._client.close()
            raise

    @property
    def free(self) -> int:
        with self._there():
            threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()) * CHUNKS_A_THREAD) - len(self._under_way)

    def start(self, chunk: Chunk) -> None:
        plan = self._plan
        self._sent += 1
        key = f"{plan.digest[:16]}-{chunk.low}-{chunk.high}-{self._sent}"
        future = self._client.submit(live_far, plan.data, plan.path, plan.engine, chunk.low, chunk.high, key=key, pure=False)
        self._under_way[future] = chunk

    def wait(self) -> list[Outcome]:
        from distributed import wait

        with self._there():
            try:
                ended = wait(list(self._under_way), timeout=TICK_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                return []
            return [self._outcome(future, self._under_way.pop(future)) for future in ended]

    def close(self) -> None:
        with suppress(OSError):
            self._client.cancel(list(self._under_way))
        self._client.close()

    @contextmanager
    def _there(self) -> Iterator[None]:
        """Whatever says that the scheduler has gone, as one error."""
        from concurrent.futures import CancelledError

        try:
            yield
        except (OSError, CancelledError) as error:
            raise CheckFailed(
                f"the cluster has gone ({type(error).__name__})", where=self._address, do="the same command goes on once it is back"
            ) from None

    def _demand_workers(self) -> None:
        """There is somebody to live the cases."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError:
            do = f"start one with `dask worker {self._address}`"
            raise UsageError("the scheduler has no workers", where=self._address, do=do) from None

    def _outcome(self, future: Future, chunk: Chunk) -> Outcome:
        from distributed import KilledWorker

        error = future.exception()
        if error is None:
            worker, rows, seconds = future.result()
            return Done(chunk, worker, rows, seconds)
        if isinstance(error, KilledWorker):
            return Lost(chunk, self._address, "every worker that had it ended")
        return Raised(chunk, self._address, f"{type(error).__name__}: {error}", isinstance(error, NoEngine))

    def _demand_alike(self) -> None:
        """Every worker has the same pumpsim, numpy and Python as the driver."""
        here = versions_here()
        for worker, there in self._client.run(versions_here, on_error="return").items():
            if there != here:
                what = f"the worker {worker} has {_said(there)}, and here is {_said(here)}"
                raise UsageError(what, where=self._address, do="install the same wheel and constraints on every machine")


def _said(versions: Any) -> str:
    """Versions, or what came of asking for them."""
    return " ".join(f"{name} {each}" for name, each in versions.items()) if isinstance(versions, dict) else f"none: {versions}"


def _connected(address: str, tls: Tls | None) -> Client:
    try:
        from distributed import Client
        from distributed.security import Security
    except ModuleNotFoundError:
        raise UsageError("dask.distributed is not installed", where="--dask", do="pip install 'pumpsim[cluster]'") from None
    security = None
    if tls is not None:
        security = Security(tls_ca_file=tls.authority, tls_client_cert=tls.certificate, tls_client_key=tls.key, require_encryption=True)
    try:
        return Client(address, security=security, timeout=CONNECT_S, name=f"pumpsim-{version('pumpsim')}")
    except (OSError, ValueError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"no scheduler answers: {why}", where=address, do="start one with `dask scheduler`, see docs/how-to/cluster.md"
        ) from None
