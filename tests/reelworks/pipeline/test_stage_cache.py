"""A stage computes each call once; a cached result whose parts are gone is computed again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from infra.services.supervision.parts import ServicePaths
from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.cancellation import never_cancelled
from reelworks.errors import ArtifactMissingError, CancelledError, SourceUnreadableError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.pipeline.stage_cache import StageCall, StageOutput, get_or_compute
from tests.support.damage import flip_a_byte
from tests.support.flows.runs import as_environment


@dataclass(frozen=True)
class Count:
    letters: int
    words: tuple[str, ...] = ()


def call(video_id: str = "clip", **changes) -> StageCall[Count]:
    base = StageCall[Count](
        stage="count",
        version=1,
        result_type=Count,
        artifact_key=lambda name: f"subs/{video_id}-{name}",
        inputs={"text": "ab" * 32},
        params={"language": "en"},
        model=ModelRef("local", "abacus", "r1"),
    )
    return replace(base, **changes)


@dataclass
class Verb:
    """Counts how often it is called."""

    final: bool = True
    content: bytes = b"content"
    seconds: float = 0.0
    folders: list[Path] = field(default_factory=list)

    def __call__(self, folder: Path) -> StageOutput[Count]:
        self.folders.append(folder)
        time.sleep(self.seconds)
        (folder / "a.srt").write_bytes(self.content)
        (folder / "b.MKV").write_bytes(self.content * 2)
        files = {name: folder / name for name in ("a.srt", "b.MKV")}
        return StageOutput(Count(7, ("one", "two")), files, final=self.final)

    @property
    def calls(self) -> int:
        return len(self.folders)


run_call = partial(get_or_compute, check_cancelled=never_cancelled)


@pytest.fixture
def ctx(clean_settings):
    with open_run_context(clean_settings) as opened:
        yield opened


def test_the_first_ask_computes_in_an_empty_folder_and_caches(ctx):
    verb = Verb()

    answer = run_call(call(), verb, ctx)

    assert answer.result == Count(7, ("one", "two"))
    assert not answer.cached
    assert answer.model == "local/abacus@r1"
    assert {name: one.key for name, one in answer.artifacts.items()} == {
        "a.srt": "subs/clip-a.srt",
        "b.MKV": "subs/clip-b.MKV",
    }
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"
    assert verb.folders[0].parent == ctx.scratch


def test_the_second_ask_is_a_hit_with_the_same_answer(ctx):
    verb = Verb()
    first = run_call(call(), verb, ctx)

    second = run_call(call(), verb, ctx)

    assert verb.calls == 1
    assert second == replace(first, cached=True)


def test_what_was_computed_is_at_hand_without_a_download(ctx):
    answer = run_call(call(), Verb(), ctx)
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
def test_another_call_is_computed(ctx, changes):
    verb = Verb()
    run_call(call(), verb, ctx)

    assert not run_call(call(**changes), verb, ctx).cached
    assert verb.calls == 2


def test_a_lost_artifact_is_a_miss(ctx):
    verb = Verb()
    first = run_call(call(), verb, ctx)
    ctx.store.delete("subs/clip-b.MKV")

    again = run_call(call(), verb, ctx)

    assert not again.cached
    assert again.digest == first.digest
    assert ctx.store.head("subs/clip-b.MKV") is not None


@pytest.mark.parametrize("content", [b"altered", b"of another length"])
def test_an_altered_artifact_is_a_miss_and_is_replaced(ctx, content):
    verb = Verb()
    run_call(call(), verb, ctx)
    ctx.store.put_bytes("subs/clip-a.srt", content, "text/plain")

    assert not run_call(call(), verb, ctx).cached
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"


def test_another_video_with_the_same_content_gets_a_copy(ctx):
    verb = Verb()
    run_call(call(), verb, ctx)

    other = run_call(call("other"), verb, ctx)

    assert other.cached
    assert verb.calls == 1
    assert ctx.store.get_bytes("subs/other-a.srt") == b"content"


def test_an_answer_with_parts_missing_is_given_but_not_cached(ctx):
    verb = Verb(final=False)

    first = run_call(call(), verb, ctx)
    second = run_call(call(), verb, ctx)

    assert (first.cached, second.cached, verb.calls) == (False, False, 2)
    verb.final = True
    run_call(call(), verb, ctx)
    assert run_call(call(), verb, ctx).cached


def test_a_failed_try_keeps_nothing(ctx):
    def fail(room: Path) -> StageOutput[Count]:
        raise CancelledError(f"stopped in {room.name}")

    with pytest.raises(CancelledError):
        run_call(call(), fail, ctx)

    assert not run_call(call(), Verb(), ctx).cached


def test_the_digest_tells_results_and_contents_apart(ctx):
    one = run_call(call(), Verb(), ctx)
    two = run_call(call(version=2), Verb(content=b"other"), ctx)

    def silent_verb(_: Path) -> StageOutput[Count]:
        return StageOutput(Count(8))

    three = run_call(call(version=3), silent_verb, ctx)
    assert len({one.digest, two.digest, three.digest}) == 3


def test_a_cached_result_of_another_form_is_a_miss(ctx):
    """As after an upgrade whose result type has a field more."""
    run_call(call(), Verb(), ctx)
    key = f"cache/stages/count/{call().key}.json"
    stored = ctx.store.get_bytes(key)
    ctx.store.put_bytes(key, stored.replace(b'"letters":7', b'"letters":"many"'), "x/json")
    verb = Verb()

    assert run_call(call(), verb, ctx).result == Count(7, ("one", "two"))
    assert verb.calls == 1


def test_two_threads_that_ask_at_once_compute_once(ctx):
    verb = Verb(seconds=0.6)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(run_call, call(), verb, ctx) for _ in range(2)]
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
        holder = pool.submit(run_call, call(), hold, ctx)
        assert entered.wait(30)
        with pytest.raises(CancelledError):
            get_or_compute(call(), Verb(), ctx, check_cancelled=stopped)
        leave.set()
        assert not holder.result().cached


PROGRAM = """
import sys, time
from pathlib import Path
from reelworks.domain.jobs.cancellation import never_cancelled
from reelworks.settings import load_settings
from reelworks.pipeline.stage_cache import StageCall, StageOutput, get_or_compute
from reelworks.pipeline.run_context import open_run_context

def compute(folder):
    time.sleep(1.0)
    return StageOutput(1)

call = StageCall(stage="slow", version=1, result_type=int, artifact_key=str, inputs={})
with open_run_context(load_settings()) as ctx:
    print("ready", flush=True)
    sys.stdin.readline()
    print(get_or_compute(call, compute, ctx, check_cancelled=never_cancelled).cached, flush=True)
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
    run_call(call(), verb, ctx)
    altered(ctx, "subs/clip-a.srt")

    assert not run_call(call(), verb, ctx).cached
    assert run_call(call(), verb, ctx).cached
    assert ctx.store.get_bytes("subs/clip-a.srt") == b"content"


def test_an_artifact_that_turns_out_damaged_is_made_again_by_the_next_run(ctx, clean_settings):
    verb = Verb(content=os.urandom(100))
    answer = run_call(call(), verb, ctx)
    copied = run_call(call("other"), verb, ctx)
    altered(ctx, "subs/clip-a.srt")
    altered(ctx, "subs/other-a.srt")
    with open_run_context(clean_settings) as later:
        with pytest.raises(
            ArtifactMissingError, match="is gone or damaged .* Index the video again"
        ):
            later.fetch(copied.artifacts["a.srt"])
        again = run_call(call("other"), verb, later)
        assert (again.cached, verb.calls) == (False, 2)  # not copied from where it is damaged too
    with open_run_context(clean_settings) as later:
        assert later.fetch(again.artifacts["a.srt"]).read_bytes() == verb.content
        assert later.fetch(again.artifacts["b.MKV"]).read_bytes() == verb.content * 2
    assert answer.artifacts["a.srt"].sha256 == again.artifacts["a.srt"].sha256


def test_a_large_file_in_doubt_is_read_before_it_is_believed(ctx, clean_settings, monkeypatch):
    """As after a player could not read it: its size and what is said of it are right."""
    monkeypatch.setattr("reelworks.store.objects.cache_entries.MULTIPART_BYTES", 1)
    verb = Verb()
    answer = run_call(call(), verb, ctx)
    altered(ctx, "subs/clip-a.srt")
    assert run_call(call(), verb, ctx).cached
    ctx.store.doubts.note(answer.artifacts["a.srt"])

    with open_run_context(clean_settings) as later:
        assert not run_call(call(), verb, later).cached
        assert later.store.get_bytes("subs/clip-a.srt") == b"content"
        assert list(later.store.keys("cache/doubts/")) == []


def test_a_healthy_file_in_doubt_is_a_hit_and_no_longer_in_doubt(ctx):
    verb = Verb()
    answer = run_call(call(), verb, ctx)
    ctx.store.doubts.note(answer.artifacts["a.srt"])
    assert run_call(call(), verb, ctx).cached
    assert list(ctx.store.keys("cache/doubts/")) == []


def test_a_source_that_is_damaged_stays_and_is_named(ctx, clean_settings):
    source = ctx.store.put_bytes("uploads/clip_a.mp4", b"source", "video/mp4")
    altered(ctx, source.key)
    with pytest.raises(SourceUnreadableError, match=r"uploads/clip_a.mp4 .*Upload the file again"):
        ctx.fetch(source)
    assert ctx.store.head(source.key) is not None


@pytest.mark.slow
@pytest.mark.usefixtures("short_proof_of_damage")
def test_what_the_store_cannot_read_is_computed_again(ctx, session_house):
    verb = Verb(content=os.urandom(50_000))
    run_call(call(), verb, ctx)
    manifest = f"cache/stages/count/{call().key}.json"
    flip_a_byte(
        ServicePaths(session_house.data_dir).store.home / "data", ctx.store.get_bytes(manifest)
    )

    again = run_call(call(), verb, ctx)

    assert (again.cached, verb.calls) == (False, 2)
    assert run_call(call(), verb, ctx).cached
