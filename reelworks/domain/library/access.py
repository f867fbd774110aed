"""Access to the API: tokens, scopes and callers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a token allows; each one includes those before it."""

    READ = "read"
    SUBMIT = "submit"
    """Add videos and jobs."""
    ADMIN = "admin"
    """Change and remove what others added."""

    def is_in(self, granted: Collection[Scope]) -> bool:
        """True when one of ``granted`` is this scope or includes it."""
        order = list(Scope)
        return any(order.index(one) >= order.index(self) for one in granted)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of an API request."""

    name: str
    """Of the token; empty for a caller on this machine without one."""
    scopes: tuple[Scope, ...]

    @property
    def is_admin(self) -> bool:
        """True for who may see and change everything, as the local user may."""
        return Scope.ADMIN.is_in(self.scopes)

    def is_owner(self, added_by: str | None) -> bool:
        """True when this very token added it. A name is given once and never again."""
        return self.name != "" and self.name == added_by


ANONYMOUS = Caller("", ())
LOCAL = Caller("", (Scope.ADMIN,))
"""The user of this machine, who needs no token."""


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret."""

    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    """When it was last used, to the minute."""

    def is_valid(self, now: datetime) -> bool:
        """True when it is neither revoked nor past its time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
