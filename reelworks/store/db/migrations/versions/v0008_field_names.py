"""Stored names become the field's: ``recompute``, ``dispatcher_state``, error codes, side tables.

Notes: stop dispatchers, API and workers of the release before, or restart them with the upgrade:
they look for the tables by their old names. Job parameters and error codes that one of them still
writes under an old name are read as the new one. No table is rewritten: renames change the catalog
only, and updates touch the rows that carry an old name.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RENAMED_CODES = {
    "job_refused": "invalid_job_parameters",
    "nothing_deployed": "deployment_not_found",
    "other_question": "stage_call_mismatch",
    "not_kept": "cache_miss",
    "head_too_large": "headers_too_large",
}
KINDS_WITH_RECOMPUTE = "('index', 'backfill', 'stage')"
"""Flows whose parameter ``again`` became ``recompute``; a flow of somebody else's keeps its own."""

TABLES = (
    ("intake", "dispatcher_state", ("pk_{}", "ck_{}_one")),
    ("paces", "rate_limits", ("pk_{}",)),
    ("requests", "idempotency_keys", ("pk_{}",)),
    ("deliveries", "webhook_deliveries", ("pk_{}", "fk_{}_job_id")),
)
"""Old name, new name, and the constraints that carry the table's name."""
INDEXES = (
    ("ix_{}_created_at", "requests", "idempotency_keys"),
    ("ix_{}_job_id", "deliveries", "webhook_deliveries"),
    ("ix_{}_due", "deliveries", "webhook_deliveries"),
)


def upgrade() -> None:
    """Rename tables, columns and values; what has its new name already stays."""
    for old, new, constraints in TABLES:
        op.execute(_table_renamed(old, new, constraints))
    for name, old, new in INDEXES:
        op.execute(f"ALTER INDEX IF EXISTS {name.format(old)} RENAME TO {name.format(new)}")
    op.execute("ALTER SEQUENCE IF EXISTS deliveries_id_seq RENAME TO webhook_deliveries_id_seq")
    op.execute(_column_renamed("idempotency_keys", "answer", "response"))
    op.execute(MODELS_UP)
    op.execute(_key_renamed("jobs", "params", "again", "recompute", KINDS_WITH_RECOMPUTE))
    op.execute(_key_renamed("backfills", "plan", "passed_over", "skipped"))
    op.execute(_codes(RENAMED_CODES))


def downgrade() -> None:
    """Give everything its name of the release before."""
    op.execute(_codes({new: old for old, new in RENAMED_CODES.items()}))
    op.execute(_key_renamed("backfills", "plan", "skipped", "passed_over"))
    op.execute(_key_renamed("jobs", "params", "recompute", "again", KINDS_WITH_RECOMPUTE))
    op.execute(MODELS_DOWN)
    op.execute(_column_renamed("idempotency_keys", "response", "answer"))
    op.execute("ALTER SEQUENCE IF EXISTS webhook_deliveries_id_seq RENAME TO deliveries_id_seq")
    for name, old, new in INDEXES:
        op.execute(f"ALTER INDEX IF EXISTS {name.format(new)} RENAME TO {name.format(old)}")
    for old, new, constraints in TABLES:
        op.execute(_table_renamed(new, old, constraints))


def _table_renamed(old: str, new: str, constraints: tuple[str, ...]) -> str:
    """Return the statement that renames a table.

    Where both are there, an earlier revision has just been replayed and made an empty one.
    """
    renamed = "".join(
        f"ALTER TABLE {new} RENAME CONSTRAINT {name.format(old)} TO {name.format(new)};"
        for name in constraints
    )
    return (
        f"DO $$ BEGIN IF to_regclass('{new}') IS NOT NULL THEN DROP TABLE IF EXISTS {old};"
        f" ELSIF to_regclass('{old}') IS NOT NULL THEN"
        f" ALTER TABLE {old} RENAME TO {new}; {renamed} END IF; END $$"
    )


def _has_column(table: str, column: str) -> str:
    return (
        "EXISTS (SELECT FROM pg_attribute WHERE NOT attisdropped"
        f" AND attrelid = to_regclass('{table}') AND attname = '{column}')"
    )


def _column_renamed(table: str, old: str, new: str) -> str:
    return (
        f"DO $$ BEGIN IF {_has_column(table, old)} THEN"
        f" ALTER TABLE {table} RENAME COLUMN {old} TO {new}; END IF; END $$"
    )


def _key_renamed(table: str, column: str, old: str, new: str, kinds: str | None = None) -> str:
    """Return the statement that renames a key of a JSON column; a value under ``new`` wins."""
    of_kinds = f" AND kind IN {kinds}" if kinds else ""
    return (
        f"UPDATE {table} SET {column} ="  # noqa: S608 - own names
        f" jsonb_build_object('{new}', {column} -> '{old}') || ({column} - '{old}')"
        f" WHERE {column} ? '{old}'{of_kinds}"
    )


def _codes(renamed: dict[str, str]) -> str:
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in renamed.items())
    return (
        f"UPDATE jobs SET error_code = pair.new FROM (VALUES {pairs}) AS pair (old, new)"  # noqa: S608 - own names
        " WHERE jobs.error_code = pair.old"
    )


def _locations(old: tuple[str, str], new: tuple[str, str]) -> str:
    """Return the statement that renames the column and value that say where vectors are."""
    (old_column, old_value), (column, value) = old, new
    return f"""
DO $$ BEGIN IF {_has_column("embedding_models", old_column)} THEN
    ALTER TABLE embedding_models DROP CONSTRAINT IF EXISTS ck_embedding_models_{old_column};
    ALTER TABLE embedding_models RENAME COLUMN {old_column} TO {column};
    UPDATE embedding_models SET {column} = '{value}' WHERE {column} = '{old_value}';
    ALTER TABLE embedding_models ADD CONSTRAINT ck_embedding_models_{column}
        CHECK ({column} IN ('rows', '{value}'));
END IF; END $$
"""  # noqa: S608 - own names


MODELS_UP = _locations(("place", "beside"), ("location", "side_table"))
MODELS_DOWN = _locations(("location", "side_table"), ("place", "beside"))
