"""Search under load: a library of a million generated lines, timed by the whole of ``search``.

What is generated, and why it is fair, says ``search_world.py``.

The query's own embedding is not timed: it is the model's work and not the database's. Rows are
inserted by COPY and indexes made afterwards.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, text

from bench.load.search_queries import LoadQuery, load_queries
from bench.load.search_world import (
    MODEL,
    TOPICS,
    World,
    build,
)
from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.domain.library.search import Kind
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.db.error_mapping import libpq_url
from reelworks.store.search.rankers import ModelQuery as QueryVector
from reelworks.store.search.rankers import Wanted, by_meaning
from reelworks.store.search.search import search
from reelworks.store.search.search_filters import Rows
from reelworks.store.search.text_query import TextQuery
from reelworks.store.search.vector_tables import Vectors

GOAL_MS, GOAL_RECALL = 50.0, 0.95


def timed(engine: Engine, queries: list[LoadQuery], best_of: int = 1) -> dict[str, list[float]]:
    """Return the milliseconds of each query, by its name: the best of so many rounds."""
    rounds = [[_milliseconds(engine, one) for one in queries] for _ in range(best_of)]
    times: dict[str, list[float]] = {}
    for one, tries in zip(queries, zip(*rounds, strict=True), strict=True):
        times.setdefault(one.name, []).append(min(tries))
    return times


def _milliseconds(engine: Engine, one: LoadQuery) -> float:
    embedders = {} if one.vector is None else {MODEL: lambda _: one.vector}
    began = time.perf_counter()
    search(engine, one.request, embedders)
    return 1000 * (time.perf_counter() - began)


def recall(engine: Engine, world: World, count: int) -> float:
    """Return the share of the ten nearest lines that the index finds, at search's own setting."""
    dice = np.random.default_rng(29)
    made = world.vectors(dice.integers(0, TOPICS, size=count), dice)
    found = 0
    speech = frozenset({Kind.SPEECH})
    for vector in made:
        query = QueryVector(MODEL, vector.tolist(), Vectors("transcript_segments", "rows"))
        answers = []
        for narrow in (False, True):  # narrow: compared one by one
            with engine.begin() as connection:
                wanted = Wanted(TextQuery((), (), ""), Rows("true", {}, narrow), 100)
                near = by_meaning(connection, speech, query, wanted)
                answers.append({one.id for one in near[:10]})
        found += len(answers[0] & answers[1])
    return found / (10 * count)


def percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, 100 * share))


def report(times: dict[str, list[float]], near: float, lines: int) -> dict[str, object]:
    everything = [one for values in times.values() for one in values]
    groups: dict[str, list[float]] = {}
    for name, values in times.items():
        for part in name.split(" | "):
            groups.setdefault(part, []).extend(values)
    for name, values in groups.items():
        print(f"  {name:22} n={len(values):4}  p50 {percentile(values, 0.5):6.1f} ms"
              f"  p95 {percentile(values, 0.95):6.1f} ms  most {max(values):6.1f} ms")  # fmt: skip
    p95 = percentile(everything, 0.95)
    print(f"{lines} lines: p50 {percentile(everything, 0.5):.1f} ms, p95 {p95:.1f} ms (goal "
          f"{GOAL_MS:.0f}), recall@10 {near:.3f} (goal {GOAL_RECALL})")  # fmt: skip
    return {
        "lines": lines,
        "queries": len(everything),
        "p50_ms": percentile(everything, 0.5),
        "p95_ms": p95,
        "recall_at_10": near,
        "by_kind": {
            name: {"p50_ms": percentile(values, 0.5), "p95_ms": percentile(values, 0.95)}
            for name, values in groups.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=528)
    parser.add_argument(
        "--best-of", type=int, default=1, help="rounds; more than one on a machine that others use"
    )
    parser.add_argument("--exact", type=int, default=50, help="queries compared with exact search")
    parser.add_argument("--data-dir", type=Path, default=Path("~/.reelworks-bench-search"))
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--slowest", type=int, default=0, help="name the slowest queries")
    options = parser.parse_args()
    folder = options.data_dir.expanduser() / f"{options.lines}"
    base = Settings(_env_file=None, data_dir=folder, database_url=None)  # type: ignore[call-arg]
    world = World()
    with running(base, (Service.POSTGRES,)) as endpoints:
        settings = endpoints.settings(base)
        assert settings.database.url is not None
        engine = create_database_engine(settings)
        if not (folder / "ready").exists():
            build(engine, libpq_url(settings.database.url.get_secret_value()), options.lines, world)
            (folder / "ready").touch()
        ensure_schema(engine)
        with engine.begin() as connection:
            print("lines:", connection.scalar(text("SELECT count(*) FROM transcript_segments")))
        queries = load_queries(options.queries, world, options.lines)
        timed(
            engine, load_queries(64, world, options.lines, seed=1)
        )  # warms the caches, as a running service has them
        times = timed(engine, queries, options.best_of)
        slow = sorted(((max(v), k) for k, v in times.items()), reverse=True)[: options.slowest]
        for value, name in slow:
            print(f"  slowest: {value:.0f} ms {name}")
        numbers = report(times, recall(engine, world, options.exact), options.lines)
        engine.dispose()
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
