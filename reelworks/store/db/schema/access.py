"""Tables of the HTTP API: tokens, idempotency keys and webhook deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text
from sqlalchemy import func as fn
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from reelworks.store.db.schema.base import Base


class TokenRow(Base):
    """An API token; only its digest is stored."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint("scopes <@ ARRAY['read', 'submit', 'admin']", name="scopes"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True, doc="hex digest of the whole token")
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class IdempotencyKeyRow(Base):
    """A request with an ``Idempotency-Key``, and the response once there is one."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    caller: Mapped[str] = mapped_column(primary_key=True, doc="name of the token, or empty")
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(doc="digest of method, path and body")
    status: Mapped[int | None] = mapped_column(doc="HTTP status; null while it is being processed")
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=fn.now())


class WebhookDeliveryRow(Base):
    """A webhook call that is due, or was made."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "next_at", postgresql_where=sql("next_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    url: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(
        doc="when to try; null until the job ends, and once it is delivered or given up"
    )
    delivered_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(doc="HTTP status of the last try")
    error: Mapped[str | None]
