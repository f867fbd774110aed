"""Search: words without accents and without spaces, picture hashes, embedding models, pages.

Notes: the text vectors are computed again, which rewrites the tables of speech and captions once
(about a minute for a million rows). Needs the extension ``unaccent``; ``ensure_schema`` makes it.
The embedding model of most rows becomes the live one; vectors of other models move to side tables,
and search goes on asking for them until ``reelworks embeddings build`` has caught up.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.migrations.versions.v0008_field_names import MODELS_DOWN
from reelworks.store.db.schema.library import PHASH_BITS, SCREEN_TSV, SEEN_TSV, SPOKEN_TSV
from reelworks.store.db.schema.search import READING

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TSV = f"""
ALTER TABLE transcript_segments DROP COLUMN IF EXISTS tsv;
ALTER TABLE transcript_segments
    ADD COLUMN tsv TSVECTOR GENERATED ALWAYS AS ({SPOKEN_TSV}) STORED NOT NULL;
CREATE INDEX ix_transcript_segments_tsv ON transcript_segments USING gin (tsv);

ALTER TABLE frame_captions DROP COLUMN IF EXISTS seen_tsv, DROP COLUMN IF EXISTS screen_tsv;
ALTER TABLE frame_captions
    ADD COLUMN seen_tsv TSVECTOR GENERATED ALWAYS AS ({SEEN_TSV}) STORED NOT NULL,
    ADD COLUMN screen_tsv TSVECTOR GENERATED ALWAYS AS ({SCREEN_TSV}) STORED NOT NULL;
CREATE INDEX ix_frame_captions_seen_tsv ON frame_captions USING gin (seen_tsv);
CREATE INDEX ix_frame_captions_screen_tsv ON frame_captions USING gin (screen_tsv);

-- What is common in whole texts says nothing about words in them, and takes long to look up.
ALTER TABLE frame_captions
    ALTER COLUMN screen_text SET STATISTICS 0, ALTER COLUMN seen_text SET STATISTICS 0;
ALTER TABLE transcript_segments ALTER COLUMN text SET STATISTICS 0;

ALTER TABLE frames
    ADD COLUMN IF NOT EXISTS phash_bits BIT(64) GENERATED ALWAYS AS ({PHASH_BITS}) STORED NOT NULL;
CREATE INDEX IF NOT EXISTS ix_frames_phash_bits
    ON frames USING hnsw (phash_bits bit_hamming_ops);

CREATE INDEX IF NOT EXISTS ix_videos_hidden ON videos (id) WHERE ready_at IS NULL;
CREATE INDEX IF NOT EXISTS ix_videos_library_created_at ON videos (library, created_at);
CREATE INDEX IF NOT EXISTS ix_transcript_segments_language ON transcript_segments (language);
CREATE INDEX IF NOT EXISTS ix_transcript_segments_speaker
    ON transcript_segments (speaker) WHERE speaker IS NOT NULL;
"""

_TABLES = """
CREATE TABLE IF NOT EXISTS embedding_models (
    model TEXT NOT NULL,
    place TEXT NOT NULL,
    live BOOLEAN DEFAULT false NOT NULL,
    fills BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    live_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_embedding_models PRIMARY KEY (model),
    CONSTRAINT ck_embedding_models_place CHECK (place IN ('rows', 'beside'))
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_embedding_models_live ON embedding_models (live) WHERE live;
CREATE UNIQUE INDEX IF NOT EXISTS uq_embedding_models_rows
    ON embedding_models (place) WHERE place = 'rows';

CREATE TABLE IF NOT EXISTS segment_vectors (
    model TEXT NOT NULL,
    embedding VECTOR NOT NULL,
    row_id TEXT NOT NULL,
    CONSTRAINT pk_segment_vectors PRIMARY KEY (model, row_id),
    CONSTRAINT fk_segment_vectors_row_id
        FOREIGN KEY (row_id) REFERENCES transcript_segments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_segment_vectors_row_id ON segment_vectors (row_id);
CREATE TABLE IF NOT EXISTS caption_vectors (
    model TEXT NOT NULL,
    embedding VECTOR NOT NULL,
    row_id TEXT NOT NULL,
    CONSTRAINT pk_caption_vectors PRIMARY KEY (model, row_id),
    CONSTRAINT fk_caption_vectors_row_id
        FOREIGN KEY (row_id) REFERENCES frame_captions (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_caption_vectors_row_id ON caption_vectors (row_id);

CREATE UNLOGGED TABLE IF NOT EXISTS search_pages (
    id TEXT NOT NULL,
    content TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_search_pages PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS ix_search_pages_expires_at ON search_pages (expires_at);
"""

_MODELS = """
INSERT INTO embedding_models (model, place, live, fills, live_since)
SELECT model, CASE WHEN nth = 1 THEN 'rows' ELSE 'beside' END, nth = 1, nth > 1,
       CASE WHEN nth = 1 THEN now() END
FROM (
    SELECT model, row_number() OVER (ORDER BY count(*) DESC, model) AS nth
    FROM (
        SELECT embedding_model AS model FROM transcript_segments
        UNION ALL SELECT embedding_model FROM frame_captions
    ) AS one
    WHERE model IS NOT NULL GROUP BY model
) AS found
WHERE NOT EXISTS (SELECT FROM embedding_models);
"""


def _move_to_side_table(rows: str, vectors: str) -> str:
    others = "embedding_model NOT IN (SELECT model FROM embedding_models WHERE place = 'rows')"
    return f"""
INSERT INTO {vectors} (model, embedding, row_id)
SELECT embedding_model, embedding, id FROM {rows} WHERE {others}
ON CONFLICT DO NOTHING;
UPDATE {rows} SET embedding = NULL, embedding_model = NULL WHERE {others};
"""  # noqa: S608 - our own names


def upgrade() -> None:
    """Make the tables, read all texts again and put the vectors in their places."""
    op.execute(READING)
    op.execute(_TSV)
    op.execute(MODELS_DOWN)  # where a lost version row has this revision run a second time
    op.execute(_TABLES)
    op.execute(_MODELS)
    op.execute(_move_to_side_table("transcript_segments", "segment_vectors"))
    op.execute(_move_to_side_table("frame_captions", "caption_vectors"))


def downgrade() -> None:
    """Remove the tables and read texts as before; vectors in side tables are lost."""
    op.execute("DROP TABLE search_pages, caption_vectors, segment_vectors, embedding_models")
    op.execute("ALTER TABLE frames DROP COLUMN phash_bits")
    op.execute(
        "DROP INDEX ix_videos_hidden, ix_videos_library_created_at,"
        " ix_transcript_segments_language, ix_transcript_segments_speaker"
    )
    for table, column, config in (
        ("transcript_segments", "text", "ts_config"),
        ("frame_captions", "seen_text", "'english'::regconfig"),
        ("frame_captions", "screen_text", "ts_config"),
    ):
        tsv = "tsv" if column == "text" else column.replace("text", "tsv")
        before = f"to_tsvector({config}, {column}) || to_tsvector('simple'::regconfig, {column})"
        op.execute(
            f"ALTER TABLE {table} DROP COLUMN {tsv};"
            f"ALTER TABLE {table} ADD COLUMN {tsv} TSVECTOR"
            f" GENERATED ALWAYS AS ({before}) STORED NOT NULL;"
            f"CREATE INDEX ix_{table}_{tsv} ON {table} USING gin ({tsv})"
        )
    op.execute("DROP FUNCTION reelworks_unspaced; DROP TEXT SEARCH CONFIGURATION reelworks_plain")
