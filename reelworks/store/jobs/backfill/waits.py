"""Flow runs that are suspended until a backfill is over.

Such a run occupies no process and no worker's slot: a row says what it waits for, and a dispatcher
resumes it.
"""

from __future__ import annotations

from sqlalchemy import Engine, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.jobs.backfill import Backfill, BackfillStatus
from reelworks.domain.jobs.job import JobStatus, StoredStatus
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import BackfillWaitRow
from reelworks.store.db.table_ops import table_of
from reelworks.store.jobs.attempts import seconds_from_now
from reelworks.store.jobs.backfill.backfills import BACKFILLS
from reelworks.store.jobs.job_rows import JOBS

WAITS = table_of(BackfillWaitRow)
WAKE_AGAIN = 600.0
"""Seconds after which a run that was woken and has not reported is looked at again."""
_GOES_ON = (BackfillStatus.RUNNING, BackfillStatus.PAUSED)
"""A paused backfill is expected to be resumed, so its waiting run keeps waiting."""


def is_settled(backfill: Backfill) -> bool:
    """Tell whether nothing of a backfill runs and nothing more will start by itself."""
    return backfill.status not in _GOES_ON and not backfill.jobs[JobStatus.RUNNING]


def add_wait(engine: Engine, backfill_id: str, flow_run_id: str) -> None:
    """Note that a flow run is about to be suspended until the backfill is over."""
    row = {"flow_run_id": flow_run_id, "backfill_id": backfill_id, "woken_at": None}
    statement = insert(WAITS).values(row)
    with transaction(engine) as connection:
        connection.execute(
            statement.on_conflict_do_update(index_elements=["flow_run_id"], set_=row)
        )


def awaited_backfill(engine: Engine, flow_run_id: str) -> str | None:
    """Return the id of the backfill that a flow run waits for; None when it waits for none."""
    query = select(WAITS.c.backfill_id).where(WAITS.c.flow_run_id == flow_run_id)
    with transaction(engine) as connection:
        found: str | None = connection.scalar(query)
    return found


def remove_wait(engine: Engine, flow_run_id: str) -> None:
    """Forget that a flow run waits; nothing happens when it does not."""
    with transaction(engine) as connection:
        connection.execute(delete(WAITS).where(WAITS.c.flow_run_id == flow_run_id))


def due_waits(engine: Engine, *, limit: int) -> list[str]:
    """Return the ids of flow runs whose backfill is over and that were not woken lately.

    A backfill whose row is gone is over, too: the run then says so.
    """
    running = exists().where(
        JOBS.c.backfill_id == WAITS.c.backfill_id, JOBS.c.status == StoredStatus.PROCESSING.value
    )
    goes_on = BACKFILLS.c.status.in_([one.value for one in _GOES_ON])
    settled = or_(BACKFILLS.c.id.is_(None), and_(~goes_on, ~running))
    not_lately = or_(WAITS.c.woken_at.is_(None), WAITS.c.woken_at < seconds_from_now(-WAKE_AGAIN))
    query = (
        select(WAITS.c.flow_run_id)
        .outerjoin(BACKFILLS, BACKFILLS.c.id == WAITS.c.backfill_id)
        .where(settled, not_lately)
        .order_by(WAITS.c.flow_run_id)
        .limit(limit)
    )
    with transaction(engine) as connection:
        return list(connection.scalars(query))


def note_woken(engine: Engine, flow_run_id: str) -> None:
    """Note that a flow run was woken just now."""
    row = update(WAITS).where(WAITS.c.flow_run_id == flow_run_id)
    with transaction(engine) as connection:
        connection.execute(row.values(woken_at=func.now()))
