"""The history of a job says ``processing`` when its run begins, not when it is submitted.

Notes: processes of the release before go on; their claims are recorded when the run begins, too.
No row is touched; the table is locked for an instant.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.jobs import NOTIFY_TRIGGER

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BEFORE = """
CREATE OR REPLACE FUNCTION reelworks_notify_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
        INSERT INTO job_events (job_id, status, attempt, note)
        VALUES (NEW.id, NEW.status, NEW.attempts, NEW.error);
        IF NEW.status <> 'processing' THEN
            PERFORM pg_notify('reelworks_work', '');
        END IF;
    END IF;
    PERFORM pg_notify('reelworks_jobs', CASE WHEN TG_OP = 'INSERT' THEN '' ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER reelworks_notify_job
    AFTER INSERT OR UPDATE OF status, progress, priority ON jobs
    FOR EACH ROW EXECUTE FUNCTION reelworks_notify_job();
"""


def upgrade() -> None:
    """Replace the trigger and its function."""
    op.execute(NOTIFY_TRIGGER)


def downgrade() -> None:
    """Give both what they did in the release before."""
    op.execute(_BEFORE)
