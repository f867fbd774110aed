"""Job leases: who has a job that is not pending, as the column ``jobs.lease`` states it."""

from __future__ import annotations

from enum import Enum, auto

_RUN = "run:"


class LeaseKind(Enum):
    """The four meanings of a lease."""

    DISPATCHER = auto()
    """A dispatcher has claimed the job, to create or to inspect its flow run."""
    QUEUED = auto()
    """The job's flow run waits for a worker."""
    RUN = auto()
    """The job's flow run works on it and renews the lease with each heartbeat."""
    CANCEL_PENDING = auto()
    """The job is cancelled, and its flow run has still to be cancelled in Prefect."""


class Lease(str):
    """A lease; its text is what the column stores.

    ``queue`` and ``stop`` stand for themselves, ``run:{id}`` names a flow run, and every other
    text is the name of a dispatcher, which is never one of these.
    """

    __slots__ = ()

    @classmethod
    def of_run(cls, flow_run_id: str) -> Lease:
        """Return the lease of a flow run that works on a job."""
        return cls(f"{_RUN}{flow_run_id}")

    @property
    def kind(self) -> LeaseKind:
        """What the lease means."""
        if self.startswith(_RUN):
            return LeaseKind.RUN
        return _FIXED.get(str(self), LeaseKind.DISPATCHER)

    @property
    def flow_run_id(self) -> str | None:
        """The flow run that works on the job; None where none does."""
        return self.removeprefix(_RUN) if self.kind is LeaseKind.RUN else None


QUEUED = Lease("queue")
CANCEL_PENDING = Lease("stop")
_FIXED = {"queue": LeaseKind.QUEUED, "stop": LeaseKind.CANCEL_PENDING}
RUN_LEASES = f"{_RUN}%"
"""SQL pattern (``LIKE``) of the leases of kind ``RUN``."""
