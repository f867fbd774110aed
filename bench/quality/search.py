"""How well search finds: questions over the test media, by words, by meaning and by both.

    make eval                            or: python -m bench.quality.search --json FILE

The questions and their answers are in ``questions.toml`` beside this file; half of them use other
words than the media do. They were written from the media's own speech and frames before any search
was tried, and nothing was tuned on them. An answer is right when the moment found is in the right
video and touches the right seconds. The media are indexed once, by the real pipeline with the local
models, into a DATA_DIR of their own.

HIT@k: share of questions with a right moment among the first k. MRR: mean of 1 / rank of the first
right moment among the first 20, 0 without one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.domain.digest import sha256_of_file
from reelworks.domain.ids import video_id_for
from reelworks.domain.library.search import Moment, SearchRequest
from reelworks.pipeline.embedders import QueryEmbedders
from reelworks.settings import load_settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.library.video_reads import list_videos
from reelworks.store.search.search import LIMIT, search

ROOT = Path(__file__).parents[2]
MEDIA = ROOT / "tests" / "media"
SOURCES = (
    ROOT / "samples" / "reelworks-demo.mp4",
    MEDIA / "speech" / "sonnet_en.mp3",
    MEDIA / "speech" / "fw-multilingual.mp3",
    MEDIA / "speech" / "jfk.flac",
    MEDIA / "speech" / "two_cities.flac",
    MEDIA / "video" / "voicestudio-en.mp4",
    MEDIA / "video" / "sintel-trailer-30s.mp4",
    MEDIA / "video" / "testvideo.mp4",
    MEDIA / "video" / "nasa_13013.mp4",
)
PAGES = ("login_flat", "settings_dark", "table_actions", "wizard")
PAGE_SECONDS = 5
DEPTH = 20
SLACK = 1.0
"""Seconds by which a moment may miss the right span: speech has no exact start."""
WAYS = ("words", "meaning", "both")


@dataclass(frozen=True)
class Question:
    """A query and where its answers are."""

    query: str
    same_words: bool
    kind: str
    answers: tuple[tuple[str, float, float], ...]
    """Any of these: the video's name, from, to, in seconds."""

    def is_answered_by(self, moment: Moment, names: dict[str, str]) -> bool:
        """Tell whether a moment is a right answer."""
        return any(
            names.get(moment.video_id) == name
            and moment.t_start <= end + SLACK
            and moment.t_end >= start - SLACK
            for name, start, end in self.answers
        )


def questions() -> list[Question]:
    """Read the questions."""
    with (Path(__file__).parent / "questions.toml").open("rb") as file:
        found = tomllib.load(file)["question"]
    return [
        Question(
            one["query"],
            one["same_words"],
            one["kind"],
            tuple((name, float(start), float(end)) for name, start, end in one["answers"]),
        )
        for one in found
    ]


def gather(folder: Path) -> dict[str, str]:
    """Collect the media in one folder; return their names by the ids that they will get."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        if not (folder / source.name).exists():
            shutil.copy(source, folder / source.name)
    slides = folder / "pages.mp4"
    if not slides.exists():
        inputs = [
            word
            for page in PAGES
            for word in ("-loop", "1", "-t", str(PAGE_SECONDS), "-i", f"{MEDIA}/pages/{page}.png")
        ]
        fit = "scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720,setsar=1,fps=10"
        parts = [f"[{number}:v]{fit}[p{number}]" for number in range(len(PAGES))]
        joined = "".join(f"[p{number}]" for number in range(len(PAGES)))
        graph = ";".join([*parts, f"{joined}concat=n={len(PAGES)}[v]"])
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *inputs, "-filter_complex",
             graph, "-map", "[v]", "-pix_fmt", "yuv420p", str(slides)],
            check=True,
        )  # fmt: skip
    files = [*(folder / source.name for source in SOURCES), slides]
    return {video_id_for(one.stem, sha256_of_file(one)): one.stem for one in files}


def index(folder: Path) -> None:
    """Index the folder as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "reelworks.app.cli", "index", str(folder)], check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise SystemExit("The media could not be indexed.")


def ranks(engine: Engine, queries: list[Question], names: dict[str, str], way: str) -> list[int]:
    """Return the rank of each question's first right moment; 0 for none."""
    settings = load_settings()
    embedders = {} if way == "words" else QueryEmbedders(settings)
    found = []
    for one in queries:
        moments = list(search(engine, SearchRequest(one.query, limit=LIMIT), embedders).moments)
        if way == "meaning":
            moments = by_meaning_alone(moments)
        moments = moments[:DEPTH]
        right = [rank for rank, m in enumerate(moments, 1) if one.is_answered_by(m, names)]
        found.append(right[0] if right else 0)
    return found


def by_meaning_alone(moments: list[Moment]) -> list[Moment]:
    """Order moments by their best rank by meaning; drop those that only words found."""
    ranked = []
    for moment in moments:
        near = [one.rank for one in moment.reasons if one.reason.value == "meaning"]
        if near:
            ranked.append((min(near), moment))
    return [moment for _, moment in sorted(ranked, key=lambda pair: pair[0])]


def scores(found: list[int]) -> dict[str, float]:
    """Return HIT@1, HIT@5 and MRR."""
    count = max(1, len(found))
    return {
        "HIT@1": sum(rank == 1 for rank in found) / count,
        "HIT@5": sum(0 < rank <= 5 for rank in found) / count,
        "MRR": sum(1 / rank for rank in found if rank) / count,
    }


def report(
    queries: list[Question], found: dict[str, list[int]], console: Console
) -> dict[str, object]:
    """Print the table and return the numbers."""
    groups = {
        "all": lambda _: True,
        "in the same words": lambda one: one.same_words,
        "in other words": lambda one: not one.same_words,
        "about speech": lambda one: one.kind == "speech",
        "about text on screen": lambda one: one.kind == "text",
    }
    table = Table("questions", "#", *(f"{way} {name}" for way in WAYS
                                      for name in ("HIT@1", "HIT@5", "MRR")))  # fmt: skip
    numbers: dict[str, object] = {}
    for name, belongs in groups.items():
        chosen = [index for index, one in enumerate(queries) if belongs(one)]
        by_way = {way: scores([found[way][index] for index in chosen]) for way in WAYS}
        numbers[name] = {"questions": len(chosen), **by_way}
        cells = [f"{value:.2f}" for way in WAYS for value in by_way[way].values()]
        table.add_row(name, str(len(chosen)), *cells)
    console.print(table)
    for one, rank in zip(queries, found["both"], strict=True):
        if not 0 < rank <= 5:
            console.print(f"  not among the first five: {one.query!r} (rank {rank or 'none'})")
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=Path("~/.reelworks-eval"))
    parser.add_argument("--json", type=Path, help="file for the numbers")
    options = parser.parse_args()
    os.environ["DATA_DIR"] = str(options.data_dir.expanduser())
    for name in ("DATABASE_URL", "S3_ENDPOINT_URL", "PREFECT_API_URL"):
        os.environ.pop(name, None)
    names = gather(options.data_dir.expanduser() / "media")
    console = Console(width=150)
    settings = load_settings()
    with running(settings, (Service.POSTGRES, Service.STORE)) as endpoints:
        reached = endpoints.settings(settings)
        engine = create_database_engine(reached)
        ensure_schema(engine)
        ready = {one.id for one in list_videos(engine) if one.status == "ready"}
        if not ready >= set(names):
            index(options.data_dir.expanduser() / "media")
        queries = questions()
        found = {way: ranks(engine, queries, names, way) for way in WAYS}
        numbers = report(queries, found, console)
        engine.dispose()
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
