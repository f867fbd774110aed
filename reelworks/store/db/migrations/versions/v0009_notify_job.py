"""The trigger that records changes of jobs is called by what it does: ``reelworks_notify_job``.

Notes: processes of the release before go on. No row is touched; the table is locked for an instant.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.jobs import NOTIFY_TRIGGER

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OLD, _NEW = "reelworks_tell_of_job", "reelworks_notify_job"


def upgrade() -> None:
    """Replace the trigger and its function."""
    _drop(_OLD)
    op.execute(NOTIFY_TRIGGER)


def downgrade() -> None:
    """Give both their name of the release before."""
    _drop(_NEW)
    op.execute(NOTIFY_TRIGGER.replace(_NEW, _OLD))


def _drop(name: str) -> None:
    op.execute(f"DROP TRIGGER IF EXISTS {name} ON jobs")
    op.execute(f"DROP FUNCTION IF EXISTS {name}")
