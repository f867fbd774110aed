"""Plans: what is selected, what of it is cached, and that nothing but ``sources`` is written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.digest import sha256_of_file
from reelworks.domain.ids import video_id_for
from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.backfill_plan import Plan
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.errors import InputError, SourceNotFoundError
from reelworks.operations.backfill.plan import Planner
from reelworks.pipeline.run_context import RunContext
from reelworks.store.db.database import transaction
from reelworks.store.library.publish import publish_captions
from reelworks.store.library.video_status import claim_video, set_status

TABLES = ("videos", "jobs", "job_events", "backfills", "scenes", "frames", "dispatcher_state")


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    folder = tmp_path / "films"
    (folder / "more").mkdir(parents=True)
    shutil.copy(media / "odd" / "no_audio.mp4", folder / "a.mp4")
    shutil.copy(media / "odd" / "audio_late_1500ms.mp4", folder / "more" / "b.MP4")
    (folder / "bad.mp4").write_bytes(b"")
    (folder / "readme.txt").write_text("no film")
    (folder / "._a.mp4").write_bytes(b"of macOS")
    return folder


def plan(ctx: RunContext, **wanted) -> Plan:
    return Planner(ctx).plan(VideoSelection(**wanted), Limits())


def names(made: Plan) -> list[str]:
    return [Path(str(line.source)).name for line in made.lines]


def rows(ctx: RunContext) -> dict[str, object]:
    with transaction(ctx.engine) as connection:
        return {
            table: connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in TABLES
        }


def test_a_folder_is_planned_with_the_media_in_it(ctx: RunContext, films: Path) -> None:
    before = rows(ctx)
    made = plan(ctx, source=str(films), library="films")

    assert names(made) == ["a.mp4", "bad.mp4", "b.MP4"]
    a, bad, b = made.lines
    assert a.video_id == video_id_for("a", sha256_of_file(films / "a.mp4"))
    assert (a.seconds, b.seconds) == (pytest.approx(5.1, abs=0.2), pytest.approx(8.1, abs=0.2))
    assert bad.note is not None
    assert "bad.mp4 is empty" in bad.note
    assert all(len(line.todo) == 9 for line in made.lines)
    assert rows(ctx) == before, "a plan starts nothing"


def test_the_second_plan_reads_nothing_that_is_as_it_was(
    ctx: RunContext, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plan(ctx, source=str(films))
    size = (films / "a.mp4").stat().st_size
    stamp = (films / "a.mp4").stat().st_mtime_ns
    (films / "a.mp4").write_bytes(bytes(size))  # other content, but as if it was not written
    os.utime(films / "a.mp4", ns=(stamp, stamp))

    second = plan(ctx, source=str(films))
    assert [line.sha256 for line in second.lines] == [line.sha256 for line in first.lines]

    os.utime(films / "a.mp4")
    third = plan(ctx, source=str(films))
    assert third.lines[0].sha256 != first.lines[0].sha256
    assert third.lines[0].note is not None


def test_the_same_content_twice_is_one_video(ctx: RunContext, films: Path) -> None:
    shutil.copy(films / "a.mp4", films / "more" / "a.mp4")
    made = plan(ctx, source=str(films))
    assert len(made.lines) == 3


def test_only_what_is_selected_is_in_the_plan(ctx: RunContext, films: Path) -> None:
    a, bad, b = plan(ctx, source=str(films)).lines
    for line, status in ((a, "ready"), (bad, "failed")):
        claim_video(ctx.engine, line.video_id, original_path=str(line.source))
        set_status(ctx.engine, line.video_id, VideoStatus(status))

    def ids(*only: SelectionKind, **more) -> set[str]:
        made = plan(ctx, source=str(films), only=frozenset(only), **more)
        return {line.video_id for line in made.lines}

    assert ids(SelectionKind.NEW) == {b.video_id}
    assert ids(SelectionKind.FAILED) == {bad.video_id}
    assert ids(SelectionKind.NEW, SelectionKind.FAILED) == {b.video_id, bad.video_id}
    assert len(ids(SelectionKind.MISSING, stages=("vision",))) == 3
    assert len(ids(limit=2)) == 2
    assert {line.video_id for line in plan(ctx).lines} == {a.video_id, bad.video_id}
    assert plan(ctx, library="films").lines == ()
    assert {line.video_id for line in plan(ctx, status=VideoStatus.FAILED).lines} == {bad.video_id}
    assert {line.video_id for line in plan(ctx, ids=(a.video_id,)).lines} == {a.video_id}


def test_an_older_model_is_one_that_is_not_configured(ctx: RunContext) -> None:
    from reelworks.domain.video.vision import VisionResult

    for name in ("old", "now"):
        claim_video(ctx.engine, name, original_path=f"/{name}.mp4")
        publish_captions(ctx.engine, name, VisionResult(()), "openai/old@1")
    with transaction(ctx.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO transcript_segments (id, video_id, t_start, t_end, text, model,"
                " revision) VALUES ('old_0', 'old', 0, 1, 'Hello', 'local/whisper-tiny', '1')"
            )
        )
    made = plan(ctx, only=frozenset({SelectionKind.OLDER_MODEL}))
    assert [line.video_id for line in made.lines] == ["old"]


def test_a_prefix_is_planned_by_headers_alone(ctx: RunContext, films: Path) -> None:
    for name in ("a.mp4", "more/b.MP4"):
        ctx.store._client.put_object(  # as another program would, without our digest
            Bucket=ctx.store.bucket, Key=f"incoming/{name}", Body=(films / name).read_bytes()
        )
    source = f"s3://{ctx.store.bucket}/incoming"
    made = plan(ctx, source=source)

    assert names(made) == ["a.mp4", "b.MP4"]
    assert made.seconds == pytest.approx(13.2, abs=0.4)
    assert any("2 videos was not read" in note for note in made.notes)
    assert plan(ctx, source=source).lines == made.lines


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ({"source": "/nowhere/at/all"}, SourceNotFoundError, "does not exist"),
        ({"source": "s3://no-such-bucket-here/x"}, SourceNotFoundError, "bucket"),
        ({"source": "http://host/x"}, InputError, "neither a folder"),
        ({"stages": ("dance",)}, InputError, "no stage dance"),
        ({"stages": ("vision",)}, InputError, "together"),
        ({"only": frozenset({SelectionKind.MISSING})}, InputError, "go together"),
        ({"limit": 0}, InputError, "at least 1"),
    ],
)
def test_what_means_nothing_is_one_sentence(
    ctx: RunContext, wanted: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        plan(ctx, **wanted)
