"""The queries of the load test of search: eight kinds, half of them with a filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bench.load.search_world import COMMON, LINES_EACH, START, TOPICS, Vector, World
from reelworks.domain.library.search import Filters, Kind, SearchRequest

FILTERS = (
    "none", "half (library)", "5 % (library)", "0.1 % (library)", "10 % (dates)", "one video",
    "0.5 % (language)", "5 % (language)", "11 % (speaker)", "text on screen",
    "a quarter (length)",
)  # fmt: skip


@dataclass(frozen=True)
class LoadQuery:
    """A query of the load: its text and filters, and its vector."""

    name: str
    request: SearchRequest
    vector: Vector | None


def load_queries(count: int, world: World, lines: int, seed: int = 23) -> list[LoadQuery]:
    """Return a mixed set of queries; each kind comes as often as each other."""
    dice = np.random.default_rng(seed)
    kinds = _kinds(world, dice)
    made = []
    for number in range(count):
        name = list(kinds)[number % len(kinds)]
        # Half of all queries have no filter; the other half goes through all of them.
        chosen = "none" if number // len(kinds) % 2 else FILTERS[
            number // (2 * len(kinds)) % len(FILTERS)
        ]  # fmt: skip
        about = int(dice.integers(0, TOPICS))
        query, meaning = kinds[name](about)
        vector = world.vectors(np.array([about]), dice)[0] if meaning else None
        filters = _filters(chosen, lines // LINES_EACH, dice)
        made.append(
            LoadQuery(
                f"{name} | {chosen}", SearchRequest(query, frozenset(Kind), filters, 10), vector
            )
        )
    return made


def _kinds(world: World, dice: np.random.Generator) -> dict[str, Callable[[int], tuple[str, bool]]]:
    """Return each kind of query: what makes its text for a topic, and whether it has a vector."""

    def topic_word(about: int) -> str:
        return world.words[int(world.topic_words[about][int(dice.random() ** 2 * 120)])]

    def common() -> str:
        return world.words[int(dice.integers(len(COMMON), len(COMMON) + 30))]

    return {
        "a topic's word": lambda about: (topic_word(about), False),
        "a common word": lambda _: (common(), False),
        "three words": lambda about: (f"{common()} {topic_word(about)} {common()}", False),
        "a phrase": lambda _: (f'"{common()} {common()}"', False),
        "a beginning": lambda about: (f"{topic_word(about)[:4]}*", False),
        "a sentence": lambda about: (world.line(about, dice), True),
        "meaning alone": lambda _: ("xqzzyw", True),
        "words and meaning": lambda about: (f"{topic_word(about)} {topic_word(about)}", True),
    }


def _filters(name: str, videos: int, dice: np.random.Generator) -> Filters:
    """Return a filter by its name. Each call draws two numbers: the rest stays the same."""
    day = START + timedelta(days=int(dice.integers(0, 900)))
    video = f"video-{int(dice.integers(0, videos)):06d}"
    return {
        "none": Filters(),
        "half (library)": Filters(libraries=("main",)),
        "5 % (library)": Filters(libraries=("talks",)),
        "0.1 % (library)": Filters(libraries=("tiny",)),
        "10 % (dates)": Filters(created_from=day, created_to=day + timedelta(days=110)),
        "one video": Filters(video_ids=(video,)),
        "0.5 % (language)": Filters(languages=("fi",)),
        "5 % (language)": Filters(languages=("de",)),
        "11 % (speaker)": Filters(speakers=("SPEAKER_01",)),
        "text on screen": Filters(text_on_screen=True),
        "a quarter (length)": Filters(max_seconds=200.0),
    }[name]
