"""${message}.

Notes: what changes, what it costs on a large library, whether older code still works.
"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step forward."""
    ${upgrades if upgrades else "op.execute(\"\")"}


def downgrade() -> None:
    """Step back."""
    ${downgrades if downgrades else "op.execute(\"\")"}
