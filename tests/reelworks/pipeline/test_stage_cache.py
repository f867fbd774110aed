"""A stage answers each question once; a kept answer whose parts are gone is asked again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from infra.services.supervision.parts import ServicePaths
from reelworks.domain.digest import ModelRef
from reelworks.errors import ArtifactMissingError, CancelledError, SourceUnreadableError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.pipeline.stage_cache import StageCall, StageOutput, get_or_compute
from tests.support.damage import flip_a_byte
from tests.support.flows.runs import as_environment


@dataclass(frozen=True)
class Count:
    letters: int
    words: tuple[str, ...] = ()


def question(video_id: str = "clip", **changes) -> StageCall[Count]:
    asked = StageCall[Count](
        stage="count",
        version=1,
        result_type=Count,
        artifact_key=lambda name: f"subs/{video_id}-{name}",
        inputs={"text": "ab" * 32},
        params={"language": "en"},
        model=ModelRef("local", "abacus", "r1"),
    )
    return replace(asked, **changes)


@dataclass
class Verb:
    """Counts how often it is asked."""

    final: bool = True
    content: bytes = b"content"
    seconds: float = 0.0
    rooms: list[Path] = field(default_factory=list)

    def __call__(self, room: Path) -> StageOutput[Count]:
        self.rooms.append(room)
        time.sleep(self.seconds)
        (room / "a.srt").write_bytes(self.content)
        (room / "b.MKV").write_bytes(self.content * 2)
        files = {name: room / name for name in ("a.srt", "b.MKV")}
        return StageOutput(Count(7, ("one", "two")), files, final=self.final)

    @property
    def calls(self) -> int:
        return len(self.rooms)


@pytest.fixture
def ctx(clean_settings):
    with open_run_context(clean_settings) as opened:
        yield opened


def go_on() -> None:
    """Nobody stops this run."""


def test_the_first_ask_computes_in_an_empty_room_and_keeps(ctx):
    verb = Verb()

    answer = get_or_compute(question(), verb, ctx, go_on=go_on)

    assert answer.result == Count(7, ("one", "two"))
    assert not answer.cached
    assert answer.model == "local/abacus@r1"
    assert {name: one.key for name, one in answer.artifacts.items()} == {
        "a.srt": "subs/clip-a.srt",
        "b.MKV": "subs/clip-b.MKV",
    }
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"
    assert verb.rooms[0].parent == ctx.scratch


def test_the_second_ask_is_a_hit_with_the_same_answer(ctx):
    verb = Verb()
    first = get_or_compute(question(), verb, ctx, go_on=go_on)

    second = get_or_compute(question(), verb, ctx, go_on=go_on)

    assert verb.calls == 1
    assert second == replace(first, cached=True)


def test_what_was_computed_is_at_hand_without_a_download(ctx):
    answer = get_or_compute(question(), Verb(), ctx, go_on=go_on)
    ctx.store.delete("subs/clip-a.srt")

    assert ctx.fetch(answer.artifacts["a.srt"]).read_bytes() == b"content"


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "count2"},
        {"version": 2},
        {"inputs": {"text": "cd" * 32}},
        {"params": {"language": "de"}},
        {"model": ModelRef("local", "abacus", "r2")},
        {"model": None},
    ],
)
def test_another_question_is_asked(ctx, changes):
    verb = Verb()
    get_or_compute(question(), verb, ctx, go_on=go_on)

    assert not get_or_compute(question(**changes), verb, ctx, go_on=go_on).cached
    assert verb.calls == 2


def test_a_lost_artifact_is_a_miss(ctx):
    verb = Verb()
    first = get_or_compute(question(), verb, ctx, go_on=go_on)
    ctx.store.delete("subs/clip-b.MKV")

    again = get_or_compute(question(), verb, ctx, go_on=go_on)

    assert not again.cached
    assert again.digest == first.digest
    assert ctx.store.head("subs/clip-b.MKV") is not None


@pytest.mark.parametrize("content", [b"altered", b"of another length"])
def test_an_altered_artifact_is_a_miss_and_is_mended(ctx, content):
    verb = Verb()
    get_or_compute(question(), verb, ctx, go_on=go_on)
    ctx.store.put_bytes("subs/clip-a.srt", content, "text/plain")

    assert not get_or_compute(question(), verb, ctx, go_on=go_on).cached
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"


def test_another_video_with_the_same_content_gets_a_copy(ctx):
    verb = Verb()
    get_or_compute(question(), verb, ctx, go_on=go_on)

    other = get_or_compute(question("other"), verb, ctx, go_on=go_on)

    assert other.cached
    assert verb.calls == 1
    assert ctx.store.get_bytes("subs/other-a.srt") == b"content"


def test_an_answer_with_parts_missing_is_given_but_not_kept(ctx):
    verb = Verb(final=False)

    first = get_or_compute(question(), verb, ctx, go_on=go_on)
    second = get_or_compute(question(), verb, ctx, go_on=go_on)

    assert (first.cached, second.cached, verb.calls) == (False, False, 2)
    verb.final = True
    get_or_compute(question(), verb, ctx, go_on=go_on)
    assert get_or_compute(question(), verb, ctx, go_on=go_on).cached


def test_a_failed_try_keeps_nothing(ctx):
    def fail(room: Path) -> StageOutput[Count]:
        raise CancelledError(f"stopped in {room.name}")

    with pytest.raises(CancelledError):
        get_or_compute(question(), fail, ctx, go_on=go_on)

    assert not get_or_compute(question(), Verb(), ctx, go_on=go_on).cached


def test_the_digest_tells_results_and_contents_apart(ctx):
    one = get_or_compute(question(), Verb(), ctx, go_on=go_on)
    two = get_or_compute(question(version=2), Verb(content=b"other"), ctx, go_on=go_on)

    def silent_verb(_: Path) -> StageOutput[Count]:
        return StageOutput(Count(8))

    three = get_or_compute(question(version=3), silent_verb, ctx, go_on=go_on)
    assert len({one.digest, two.digest, three.digest}) == 3


def test_a_kept_answer_of_another_form_is_a_miss(ctx):
    """As after an upgrade whose result type has a field more."""
    get_or_compute(question(), Verb(), ctx, go_on=go_on)
    key = f"cache/stages/count/{question().key}.json"
    kept = ctx.store.get_bytes(key)
    ctx.store.put_bytes(key, kept.replace(b'"letters":7', b'"letters":"many"'), "x/json")
    verb = Verb()

    assert get_or_compute(question(), verb, ctx, go_on=go_on).result == Count(7, ("one", "two"))
    assert verb.calls == 1


def test_two_threads_that_ask_at_once_compute_once(ctx):
    verb = Verb(seconds=0.6)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(get_or_compute, question(), verb, ctx, go_on=go_on) for _ in range(2)]
        answers = [job.result() for job in jobs]

    assert verb.calls == 1
    assert sorted(answer.cached for answer in answers) == [False, True]
    assert answers[0].digest == answers[1].digest


def test_a_waiting_run_that_is_stopped_stops_waiting(ctx):
    entered, leave = threading.Event(), threading.Event()

    def hold(room: Path) -> StageOutput[Count]:
        entered.set()
        leave.wait(30)
        return Verb()(room)

    def stopped() -> None:
        raise CancelledError("The stage count was stopped.")

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(get_or_compute, question(), hold, ctx, go_on=go_on)
        assert entered.wait(30)
        with pytest.raises(CancelledError):
            get_or_compute(question(), Verb(), ctx, go_on=stopped)
        leave.set()
        assert not holder.result().cached


PROGRAM = """
import sys, time
from pathlib import Path
from reelworks.settings import load_settings
from reelworks.pipeline.stage_cache import Produced, Question, ask
from reelworks.pipeline.run_context import open_workplace

def compute(room):
    time.sleep(1.0)
    return Produced(1)

question = Question(stage="slow", version=1, result_type=int, place_of=str, inputs={})
with open_workplace(load_settings()) as place:
    print("ready", flush=True)
    sys.stdin.readline()
    print(ask(question, compute, place, go_on=lambda: None).cached, flush=True)
"""


def test_two_processes_that_ask_at_once_compute_once(ctx: RunContext, clean_settings):
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | as_environment(clean_settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdout.readline() == "ready\n"

    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    said = [run.communicate(timeout=60)[0].strip() for run in runs]

    assert sorted(said) == ["False", "True"]


def altered(ctx, key):
    """Put other bytes of the same length where an artifact lies, with what is said of it."""
    known = ctx.store.head(key)
    ctx.store._client.put_object(
        Bucket=ctx.store.bucket,
        Key=key,
        Body=bytes(known.size),
        Metadata={"sha256": known.sha256},
    )


def test_a_file_with_other_bytes_is_a_miss_whatever_is_said_of_it(ctx):
    verb = Verb()
    get_or_compute(question(), verb, ctx, go_on=go_on)
    altered(ctx, "subs/clip-a.srt")

    assert not get_or_compute(question(), verb, ctx, go_on=go_on).cached
    assert get_or_compute(question(), verb, ctx, go_on=go_on).cached
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"


def test_an_artifact_that_turns_out_damaged_is_made_again_by_the_next_run(ctx, clean_settings):
    verb = Verb(content=os.urandom(100))
    answer = get_or_compute(question(), verb, ctx, go_on=go_on)
    copied = get_or_compute(question("other"), verb, ctx, go_on=go_on)
    altered(ctx, "subs/clip-a.srt")
    altered(ctx, "subs/other-a.srt")
    with open_run_context(clean_settings) as later:
        with pytest.raises(ArtifactMissingError, match="is gone or damaged .* Run the video again"):
            later.fetch(copied.artifacts["a.srt"])
        again = get_or_compute(question("other"), verb, later, go_on=go_on)
        assert (again.cached, verb.calls) == (False, 2)  # not copied from where it is damaged too
    with open_run_context(clean_settings) as later:
        assert later.fetch(again.artifacts["a.srt"]).read_bytes() == verb.content
        assert later.fetch(again.artifacts["b.MKV"]).read_bytes() == verb.content * 2
    assert answer.artifacts["a.srt"].sha256 == again.artifacts["a.srt"].sha256


def test_a_large_file_in_doubt_is_read_before_it_is_believed(ctx, clean_settings, monkeypatch):
    """As after a player could not read it: its size and what is said of it are right."""
    monkeypatch.setattr("reelworks.store.objects.cache_entries.MULTIPART_BYTES", 1)
    verb = Verb()
    answer = get_or_compute(question(), verb, ctx, go_on=go_on)
    altered(ctx, "subs/clip-a.srt")
    assert get_or_compute(question(), verb, ctx, go_on=go_on).cached
    ctx.store.doubts.note(answer.artifacts["a.srt"])

    with open_run_context(clean_settings) as later:
        assert not get_or_compute(question(), verb, later, go_on=go_on).cached
        assert later.store.get_bytes("subs/clip-a.srt") == b"content"
        assert list(later.store.keys("cache/doubts/")) == []


def test_a_healthy_file_in_doubt_is_a_hit_and_no_longer_in_doubt(ctx):
    verb = Verb()
    answer = get_or_compute(question(), verb, ctx, go_on=go_on)
    ctx.store.doubts.note(answer.artifacts["a.srt"])
    assert get_or_compute(question(), verb, ctx, go_on=go_on).cached
    assert list(ctx.store.keys("cache/doubts/")) == []


def test_a_source_that_is_damaged_is_kept_and_named(ctx, clean_settings):
    source = ctx.store.put_bytes("uploads/clip_a.mp4", b"source", "video/mp4")
    altered(ctx, source.key)
    with pytest.raises(SourceUnreadableError, match=r"uploads/clip_a.mp4 .*Upload the file again"):
        ctx.fetch(source)
    assert ctx.store.head(source.key) is not None


@pytest.mark.slow
@pytest.mark.usefixtures("short_proof_of_damage")
def test_what_the_store_cannot_read_is_computed_again(ctx, session_house):
    verb = Verb(content=os.urandom(50_000))
    get_or_compute(question(), verb, ctx, go_on=go_on)
    manifest = f"cache/stages/count/{question().key}.json"
    flip_a_byte(
        ServicePaths(session_house.data_dir).store.home / "data", ctx.store.get_bytes(manifest)
    )

    again = get_or_compute(question(), verb, ctx, go_on=go_on)

    assert (again.cached, verb.calls) == (False, 2)
    assert get_or_compute(question(), verb, ctx, go_on=go_on).cached
