"""The library that the load test of search makes.

What is generated, and why it is fair:

- Videos of 100 lines each, in ten libraries of very different size, made over three years; five
  languages, of which English has nine lines of ten; three speakers in a third of the videos; a
  frame with text on screen for every tenth line.
- Words: the 120 commonest English ones and 50,000 made-up ones, drawn by Zipf's law (exponent
  1.07), mixed with the words of the line's topic. 6 to 22 words a line.
- Vectors: 384 numbers of unit length around 2,000 topics in 50 fields. A line is its topic plus
  noise in 64 directions whose spread falls off like a power law, plus a little noise in every
  direction, so that lines of one topic have a cosine of about 0.5, as real sentences have. Query
  vectors come from the same process and are no rows of the table.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from sqlalchemy import Engine

from reelworks.store.db.database import ensure_schema
from reelworks.store.db.schema.search_words import ALL_WORDS_ADDED
from reelworks.store.search.vector_tables import ensure_vector_index

SIZE = 384
MODEL = "local/generated@1"
LINES_EACH = 100
TOPICS, FIELDS, DIRECTIONS = 2000, 50, 64
COMMON_WORDS = """
the of and to a in is you that it he was for on are as with his they i at be this have
from or one had by word but not what all were we when your can said there use an each
which she do how their if will up other about out many then them these so some her would
make like him into time has look two more write go see number no way could people my than
first water been call who oil its now find long down day did get come made may part over
new sound take only little work know place year live me back give most very after thing
our just name good
"""
COMMON = COMMON_WORDS.split()
LANGUAGES = (("en", 0.9, "english"), ("de", 0.05, "german"), ("fr", 0.03, "french"),
             ("es", 0.015, "spanish"), ("fi", 0.005, "finnish"))  # fmt: skip
LIBRARIES = tuple(
    zip(
        ("main", "news", "sport", "films", "talks", "school", "music", "trips", "old", "tiny"),
        (0.5, 0.2, 0.12, 0.08, 0.05, 0.025, 0.015, 0.006, 0.003, 0.001),
        strict=True,
    )
)
START = datetime(2023, 1, 1, tzinfo=UTC)
Vector = NDArray[np.float32]


class World:
    """What lines are about and which words they use."""

    def __init__(self, seed: int = 7) -> None:
        dice = np.random.default_rng(seed)
        scale = np.arange(1, DIRECTIONS + 1) ** -0.35
        self.spread = (dice.normal(size=(DIRECTIONS, SIZE)) * scale[:, None]).astype(np.float32)
        self.spread /= np.linalg.norm(self.spread) / np.sqrt(DIRECTIONS)
        fields = dice.normal(size=(FIELDS, DIRECTIONS))
        own = dice.normal(size=(TOPICS, DIRECTIONS))
        self.topics = (0.6 * fields[np.arange(TOPICS) % FIELDS] + own).astype(np.float32)
        parts = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        made = itertools.product(parts, parts, parts)
        order = dice.permutation(len(parts) ** 3)[: 50_000 - len(COMMON)]
        words = ["".join(one) for one in made]
        self.words = [*COMMON, *(words[index] for index in order)]
        ranks = np.arange(1, len(self.words) + 1) ** -1.07
        self.shares = np.cumsum(ranks / ranks.sum())
        self.topic_words = dice.integers(200, len(self.words), size=(TOPICS, 120))

    def vectors(self, topics: NDArray[np.int64], dice: np.random.Generator) -> Vector:
        """Return a unit vector for each topic given."""
        noise = dice.normal(size=(len(topics), DIRECTIONS)).astype(np.float32)
        made = (self.topics[topics] + 1.1 * noise) @ self.spread
        made += 0.02 * dice.normal(size=made.shape).astype(np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    def line(self, topic: int, dice: np.random.Generator) -> str:
        """Return a line of speech."""
        count = int(dice.integers(6, 23))
        chosen = np.searchsorted(self.shares, dice.random(count))
        of_topic = dice.random(count) < 0.25
        own = self.topic_words[topic][(dice.random(count) ** 2 * 120).astype(int)]
        indices = np.where(of_topic, own, chosen).clip(max=len(self.words) - 1)
        return " ".join(self.words[index] for index in indices)


@dataclass(frozen=True)
class Made:
    """One generated video."""

    id: str
    library: str
    language: str
    config: str
    created: datetime
    speakers: bool
    topics: NDArray[np.int64]


def videos(count: int, seed: int = 11) -> Iterator[Made]:
    dice = np.random.default_rng(seed)
    names, shares = zip(*LIBRARIES, strict=True)
    codes, parts, configs = zip(*LANGUAGES, strict=True)
    for number in range(count):
        language = int(dice.choice(len(codes), p=parts))
        about = dice.integers(0, TOPICS, size=4)
        yield Made(
            id=f"video-{number:06d}",
            library=str(dice.choice(names, p=shares)),
            language=codes[language],
            config=configs[language],
            created=START + timedelta(seconds=int(dice.integers(0, 3 * 365 * 86400))),
            speakers=bool(dice.random() < 1 / 3),
            topics=about[np.sort(dice.integers(0, 4, size=LINES_EACH))],
        )


def fill(url: str, count: int, world: World) -> None:
    """Insert ``count`` videos with all that belongs to them, table by table."""
    made = list(videos(count))
    with psycopg.connect(url) as connection:
        register_vector(connection)
        connection.execute("SET session_replication_role = replica")  # keys hold by construction
        connection.execute("SET synchronous_commit = off")
        for name, columns, types, rows in (
            ("videos", "id, original_path, title, library, language, status, duration_sec,"
             " created_at, ready_at", "text text text text text text float8 timestamptz"
             " timestamptz", _videos),
            ("transcript_segments", "id, video_id, model, t_start, t_end, text, speaker, language,"
             " ts_config, embedding, embedding_model", "text text text float8 float8 text text text"
             " int4 vector text", _segments),
            ("scenes", "id, video_id, model, t_start, t_end", "text text text float8 float8",
             _scenes),
            ("frames", "id, video_id, model, scene_id, t, phash, path, sha256, width, height,"
             " sharpness", "text text text text float8 text text text int4 int4 float8", _frames),
            ("frame_captions", "id, video_id, model, frame_id, screen_text, ts_config, embedding,"
             " embedding_model", "text text text text text int4 vector text", _captions),
        ):  # fmt: skip
            began = time.monotonic()
            statement = f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)"
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(types.split())
                dice = np.random.default_rng(13)
                for one in made:
                    for row in rows(one, world, dice):
                        copy.write_row(row)
            connection.commit()
            print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)


def _videos(one: Made, _: World, dice: np.random.Generator) -> Iterator[tuple[object, ...]]:
    length = LINES_EACH * 6.0
    yield (one.id, f"/in/{one.id}.mp4", one.id, one.library, one.language, "ready",
           length * float(dice.choice([0.25, 1, 1, 4])), one.created, one.created)  # fmt: skip


def _segments(one: Made, world: World, dice: np.random.Generator) -> Iterator[tuple[object, ...]]:
    vectors = world.vectors(one.topics, dice)
    for number, topic in enumerate(one.topics):
        speaker = f"SPEAKER_{number // 7 % 3:02d}" if one.speakers else None
        yield (f"{one.id}_segment_{number:03d}", one.id, "generated", number * 6.0,
               number * 6.0 + 4.5, world.line(int(topic), dice), speaker, one.language,
               _CONFIGS[one.config], vectors[number], MODEL)  # fmt: skip


def _scenes(one: Made, _: World, __: np.random.Generator) -> Iterator[tuple[object, ...]]:
    for number in range(LINES_EACH // 10):
        yield (f"{one.id}_scene_{number:03d}", one.id, "generated", number * 60.0,
               number * 60.0 + 60)  # fmt: skip


def _frames(one: Made, _: World, dice: np.random.Generator) -> Iterator[tuple[object, ...]]:
    for number in range(LINES_EACH // 10):
        phash = f"{int(dice.integers(0, 1 << 63)):016x}"
        yield (f"{one.id}_frame_{number:03d}", one.id, "generated", f"{one.id}_scene_{number:03d}",
               number * 60.0 + 30, phash, f"frames/{one.id}/scene_{number:03d}.jpg", "0" * 64,
               1280, 720, 1.0)  # fmt: skip


def _captions(one: Made, world: World, dice: np.random.Generator) -> Iterator[tuple[object, ...]]:
    topics = one.topics[::10]
    vectors = world.vectors(topics, dice)
    for number, topic in enumerate(topics):
        frame = f"{one.id}_frame_{number:03d}"
        shown = "\n".join(world.line(int(topic), dice) for _ in range(3)) if number % 2 else ""
        yield (f"{frame}_caption", one.id, "generated", frame, shown, _CONFIGS[one.config],
               vectors[number], MODEL)  # fmt: skip


_CONFIGS: dict[str, int] = {}
_INDEXES = (
    ("transcript_segments", "tsv", "gin (tsv)"),
    ("frame_captions", "seen_tsv", "gin (seen_tsv)"),
    ("frame_captions", "screen_tsv", "gin (screen_tsv)"),
    ("frames", "phash_bits", "hnsw (phash_bits bit_hamming_ops)"),
)


def build(engine: Engine, url: str, lines: int, world: World) -> None:
    """Make the library and its indexes, printing how long each took."""
    ensure_schema(engine)
    with psycopg.connect(url, autocommit=True) as connection:
        for _, _, config in LANGUAGES:
            row = connection.execute("SELECT %s::regconfig::oid::int", (config,)).fetchone()
            assert row is not None
            _CONFIGS[config] = row[0]
        for table, column, _ in _INDEXES:
            connection.execute(f"DROP INDEX ix_{table}_{column}")
        fill(url, lines // LINES_EACH, world)
        connection.execute(
            "INSERT INTO embedding_models (model, location, live, live_since)"
            " VALUES (%s, 'rows', true, now())", (MODEL,)
        )  # fmt: skip
        began = time.monotonic()
        for table, column, form in _INDEXES:
            connection.execute(f"CREATE INDEX ix_{table}_{column} ON {table} USING {form}")
        print(f"  word indexes: {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        connection.execute(ALL_WORDS_ADDED)
        print(f"  vocabulary: {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        ensure_vector_index(engine, MODEL, SIZE)
        print(f"  vector indexes: {time.monotonic() - began:.0f} s", flush=True)
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        print(f"  database: {row.fetchone()[0]}", flush=True)  # type: ignore[index]
