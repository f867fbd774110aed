"""Tables and functions of search: text search, vectors by model, stored result pages."""

from __future__ import annotations

from datetime import datetime

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from reelworks.store.db.schema.base import Base

PLAIN = "reelworks_plain"
"""Text search configuration: words as they are but for accents and case, in any language."""

AS_WRITTEN = "A"
"""Weight of the words of ``PLAIN`` in a text vector; stems have none. A phrase in quotes asks for
words with this weight: the stem "run" is not the word "run"."""

SIDE_TABLES = {"transcript_segments": "segment_vectors", "frame_captions": "caption_vectors"}
"""By table with embeddings: the side table of the vectors of models that search does not use."""

UNSPACED = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd]"
)
"""Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese,
Chinese. The form is PostgreSQL's and Python's alike."""

SEPARATORS = (
    r"[!-/:-@\[-`{-~"
    r"\u00a0\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u2039\u203a\u2212"
    r"\uff0c-\uff0f\uff1a\uff1f\uff3f]"
)
"""Characters that stand between words: ASCII punctuation and the dashes, quotes and dots of print.

PostgreSQL's own parser reads ``client/server`` as a file, ``docs.example.com`` as a host, the end
of ``COVID-19`` as the number -19 and ``<b>`` as a tag: none of their words would be found."""

PLUS, SHARP = "\u1429", "\u2d4c"
"""Letters that stand for + and # where these belong to a word of one letter: C++, C#, F#, A+.

Both look like what they stand for and are in no language that PostgreSQL has rules for."""


WORDS = f"""
CREATE OR REPLACE FUNCTION reelworks_words(words TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    CASE WHEN words ~ '[+#]' THEN
        regexp_replace(regexp_replace(regexp_replace(words,
            '\\m([A-Za-z])\\+\\+(?!\\+)', '\\1{PLUS}{PLUS}', 'g'),
            '\\m([A-Za-z])#', '\\1{SHARP}', 'g'),
            '\\m([A-Za-z])\\+(?![[:alnum:]+])', '\\1{PLUS}', 'g')
    ELSE words END,
    '{SEPARATORS}', ' ', 'g'
);

CREATE OR REPLACE FUNCTION reelworks_names(title TEXT, source TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN normalize(
    coalesce(title, '') || chr(10) || replace(regexp_replace(
        regexp_replace(source, '^[a-z][a-z0-9+.-]*://[^/?#]*([^?#]*).*$', '\\1', 'i'),
        '^.*/', ''), '%20', ' '),
    NFC
);
"""
"""``reelworks_words``: a text with a space for each separator, so that every word of it is read as
one. It has as many characters as before: a match is at the same place in both.

``reelworks_names``: a video's title, and the file name in its path or address, on two lines; never
an address's server, account or query, which may be secret."""


def tsv_of(column: str, config: str) -> str:
    """Return the SQL of a column's text vector: stems by ``config``, plain words, letter pairs."""
    return (
        f"to_tsvector({config}, reelworks_words({column}))"
        f" || setweight(to_tsvector('{PLAIN}'::regconfig, reelworks_words({column})),"
        f" '{AS_WRITTEN}') || reelworks_unspaced({column})"
    )


READING = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_ts_config WHERE cfgname = '{PLAIN}') THEN
        CREATE TEXT SEARCH CONFIGURATION {PLAIN} (COPY = simple);
        ALTER TEXT SEARCH CONFIGURATION {PLAIN}
            ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
    END IF;
END $$;
{WORDS}
CREATE OR REPLACE FUNCTION reelworks_unspaced(words TEXT) RETURNS TSVECTOR
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN words ~ '{UNSPACED}' THEN
    coalesce((
        SELECT string_agg('''' || pair || '''' || chr(58) || least(place, 16383), ' ')
        FROM (
            SELECT letter, place, letter || CASE
                WHEN lead(letter) OVER (ORDER BY place) ~ '{UNSPACED}'
                THEN lead(letter) OVER (ORDER BY place) ELSE '' END AS pair
            FROM unnest(string_to_array(words, NULL)) WITH ORDINALITY AS one (letter, place)
        ) AS pairs
        WHERE letter ~ '{UNSPACED}'
    ), '')::TSVECTOR
    || setweight(to_tsvector(
        '{PLAIN}'::REGCONFIG, regexp_replace(reelworks_words(words), '{UNSPACED}+', ' ', 'g')
    ), '{AS_WRITTEN}')
ELSE ''::TSVECTOR END;

CREATE OR REPLACE FUNCTION reelworks_names_tsv(title TEXT, source TEXT) RETURNS TSVECTOR
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN {tsv_of("reelworks_names(title, source)", "'english'::REGCONFIG")};
"""  # noqa: S608 - own names
"""How PostgreSQL reads texts. ``reelworks_unspaced`` gives every pair of neighbouring letters of a
script without spaces as a word, so that any piece of such a text is found as a phrase of pairs;
the words of other scripts that stand between them count too. Empty for all other texts."""


class EmbeddingModelRow(Base):
    """A model whose vectors are in the library."""

    __tablename__ = "embedding_models"
    __table_args__ = (
        CheckConstraint("location IN ('rows', 'side_table')", name="location"),
        Index("uq_embedding_models_live", "live", unique=True, postgresql_where=sql("live")),
        Index(
            "uq_embedding_models_rows",
            "location",
            unique=True,
            postgresql_where=sql("location = 'rows'"),
        ),
    )

    model: Mapped[str] = mapped_column(primary_key=True, doc="provider/name@revision")
    location: Mapped[str] = mapped_column(doc="rows: in the rows; side_table: in a side table")
    live: Mapped[bool] = mapped_column(server_default=sql("false"), doc="search asks it")
    fills: Mapped[bool] = mapped_column(
        server_default=sql("false"), doc="has rows that the live model lacks: search asks it too"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    live_since: Mapped[datetime | None]


class _SideVector:
    """A vector of a row by a model whose vectors are in side tables."""

    model: Mapped[str] = mapped_column(primary_key=True)
    embedding: Mapped[list[float]] = mapped_column(VECTOR())


class SegmentVectorRow(_SideVector, Base):
    """A vector of a line of speech."""

    __tablename__ = "segment_vectors"

    @declared_attr
    @classmethod
    def row_id(cls) -> Mapped[str]:
        """The row that the vector is of."""
        return mapped_column(
            ForeignKey("transcript_segments.id", ondelete="CASCADE"), primary_key=True, index=True
        )


class CaptionVectorRow(_SideVector, Base):
    """A vector of what a frame shows."""

    __tablename__ = "caption_vectors"

    @declared_attr
    @classmethod
    def row_id(cls) -> Mapped[str]:
        """The row that the vector is of."""
        return mapped_column(
            ForeignKey("frame_captions.id", ondelete="CASCADE"), primary_key=True, index=True
        )


class SearchWordRow(Base):
    """A word of the library, as misspelt ones are compared with."""

    __tablename__ = "search_words"
    __table_args__ = (
        Index(
            "ix_search_words_word",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(primary_key=True, doc="lower case, without accents")


class SearchPageRow(Base):
    """The ranked moments of one search, stored for its further pages. Not logged: a crash of
    PostgreSQL empties it, and people search again.
    """

    __tablename__ = "search_pages"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy reads it once

    id: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(doc="JSON")
    expires_at: Mapped[datetime] = mapped_column(index=True)
