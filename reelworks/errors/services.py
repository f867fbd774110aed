"""Errors of services: database, artifact store, Prefect, workers, machine."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class ServiceError(ReelworksError):
    """A service that Reelworks needs cannot be used."""

    code = "service"
    http_status = 503
    exit_code = 6


class StoreUnavailableError(ServiceError):
    """The artifact store cannot be reached; later may work."""

    code = "store_unavailable"
    retryable = True


class StoreRefusedError(ServiceError):
    """The artifact store refuses the keys, or the bucket is missing. Permanent."""

    code = "store_refused"


class ArtifactMissingError(ServiceError):
    """An artifact that a stage needs is gone from the store, or its content has changed."""

    code = "artifact_missing"
    retryable = True


class ArtifactUnreadableError(ArtifactMissingError):
    """The store lists an object and cannot read it, while it reads others."""

    code = "artifact_unreadable"


class ArtifactDamagedError(ServiceError):
    """An artifact is in the store, but its bytes are not what they should be. Permanent."""

    code = "artifact_damaged"
    http_status = 500


class DatabaseUnavailableError(ServiceError):
    """PostgreSQL cannot be reached or ended the connection; later may work."""

    code = "database_unavailable"
    retryable = True


class DatabaseRefusedError(ServiceError):
    """PostgreSQL refuses the login, or lacks an extension. Permanent."""

    code = "database_refused"


class PrefectUnavailableError(ServiceError):
    """The Prefect server does not answer; later may work."""

    code = "prefect_unavailable"
    retryable = True


class PrefectRefusedError(ServiceError):
    """The Prefect server refuses the key. Permanent."""

    code = "prefect_refused"


class WorkerLostError(ServiceError):
    """The worker that ran a stage died; another may do it."""

    code = "worker_lost"
    retryable = True


class LeaseLostError(ServiceError):
    """A job is owned by another run by now, or was cancelled: this run must stop."""

    code = "lease_lost"
    http_status = 409


class DeploymentNotFoundError(ServiceError):
    """No flow is deployed for the kind of job; it may be deployed later."""

    code = "deployment_not_found"
    retryable = True


class StageCallMismatchError(ServiceError):
    """Worker and caller disagree on a stage's version, inputs or model. Permanent."""

    code = "stage_call_mismatch"


class NoSpaceError(ServiceError):
    """A disk is full. A job waits until space is freed."""

    code = "no_space"
    http_status = 507


class OutOfResourcesError(ServiceError):
    """Files, memory, threads or processes are used up; other work may give some back."""

    code = "out_of_resources"
    retryable = True


class PermissionDeniedError(ServiceError):
    """A folder of ours cannot be written."""

    code = "permission_denied"
