"""A run's scratch folder goes with the run, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from reelworks.domain.file_fingerprint import stamp_of
from reelworks.errors import (
    ArtifactMissingError,
    DatabaseUnavailableError,
    PermissionDeniedError,
    SourceChangedError,
)
from reelworks.pipeline.run_context import open_run_context, prepare_services
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.runs import as_environment


def folders(settings) -> list[Path]:
    root = settings.data_dir / "scratch"
    return sorted(root.iterdir()) if root.exists() else []


def test_scratch_is_removed_at_the_end(clean_settings):
    with open_run_context(clean_settings) as ctx:
        (ctx.new_work_dir("frames") / "picture.jpg").write_bytes(b"x")
        assert folders(clean_settings) == [ctx.scratch]

    assert folders(clean_settings) == []


def test_scratch_is_removed_when_the_run_fails(clean_settings):
    with pytest.raises(KeyError), open_run_context(clean_settings):
        raise KeyError

    assert folders(clean_settings) == []


def test_scratch_is_removed_although_a_stage_still_writes(clean_settings):
    """As the threads of stages do for a moment when their run is stopped."""
    stop = threading.Event()

    def write(folder: Path) -> None:
        for number in range(100_000):
            if stop.is_set():
                return
            try:
                (folder / f"{number}.jpg").write_bytes(b"x")
            except FileNotFoundError:
                return

    with open_run_context(clean_settings) as ctx:
        writers = [
            threading.Thread(target=write, args=(ctx.new_work_dir("frames"),)) for _ in range(4)
        ]
        for one in writers:
            one.start()
    left = folders(clean_settings)
    stop.set()
    for one in writers:
        one.join()

    assert left == []


def test_bucket_and_tables_are_made(clean_settings):
    prepare_services(clean_settings)

    url = clean_settings.database.url.get_secret_value()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM videos").fetchone() == (0,)


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(clean_settings):
    program = (
        "import time\n"
        "from reelworks.settings import load_settings\n"
        "from reelworks.pipeline.run_context import open_run_context\n"
        "with open_run_context(load_settings()) as ctx:\n"
        "    (ctx.new_work_dir('frames') / 'x').write_bytes(b'x')\n"
        "    print(ctx.scratch, flush=True)\n"
        "    time.sleep(600)\n"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | as_environment(clean_settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    left = Path(victim.stdout.readline().strip())

    with open_run_context(clean_settings) as ctx:
        assert set(folders(clean_settings)) == {left, ctx.scratch}, "both runs are alive"
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert folders(clean_settings) == [left]

    with open_run_context(clean_settings) as one, open_run_context(clean_settings) as two:
        assert set(folders(clean_settings)) == {one.scratch, two.scratch}
    assert folders(clean_settings) == []


def test_every_try_has_an_empty_room_of_its_own(clean_settings):
    with open_run_context(clean_settings) as ctx:
        one, two = ctx.new_work_dir("vision"), ctx.new_work_dir("vision")

        assert one != two
        assert list(one.iterdir()) == list(two.iterdir()) == []


def test_an_artifact_is_downloaded_once(clean_settings):
    with open_run_context(clean_settings) as ctx:
        artifact = ctx.store.put_bytes("frames/a/scene_000.jpg", b"picture", "image/jpeg")
        local = ctx.fetch(artifact)
        ctx.store.delete(artifact.key)

        assert local.read_bytes() == b"picture"
        assert ctx.fetch(artifact) == local


def test_a_registered_local_file_is_not_downloaded(clean_settings):
    with open_run_context(clean_settings) as ctx:
        made = ctx.new_work_dir("frames") / "picture.jpg"
        made.write_bytes(b"picture")
        artifact = ctx.store.put_file("frames/a/scene_000.jpg", made, "image/jpeg")
        ctx.register_local_file(made, artifact.sha256)
        ctx.store.delete(artifact.key)

        assert ctx.fetch(artifact).read_bytes() == b"picture"


def test_two_stages_may_make_the_same_bytes_at_once(clean_settings):
    failed = []
    with open_run_context(clean_settings) as ctx:
        made = [ctx.new_work_dir(stage) / "vectors.npy" for stage in ("speech", "picture")]
        start = threading.Barrier(8)

        def adopt(path: Path) -> None:
            start.wait()
            try:
                ctx.register_local_file(path, "ab" * 32)
            except OSError as error:
                failed.append(error)

        for path in made:
            path.write_bytes(b"nothing")
        threads = [threading.Thread(target=adopt, args=(path,)) for path in made * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failed == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"picture")
    return path


def test_a_source_that_changes_while_it_is_read_is_an_error(clean_settings, source):
    with open_run_context(clean_settings) as ctx:
        artifact = ctx.store.put_file("uploads/talk.mp4", source, "video/mp4")
        ctx.register_local_file(source, artifact.sha256)
        with pytest.raises(SourceChangedError), ctx.reading(artifact) as path:
            assert path == source
            source.write_bytes(b"another")

        with ctx.reading(artifact) as path:
            assert path.read_bytes() == b"picture", "the next try takes the one in the store"
            source.write_bytes(b"a third")


def test_a_source_that_changed_since_its_digest_was_read_is_not_used(clean_settings, source):
    before = stamp_of(source)
    with open_run_context(clean_settings) as ctx:
        artifact = ctx.store.put_file("uploads/talk.mp4", source, "video/mp4")
        source.write_bytes(b"another")
        ctx.register_local_file(source, artifact.sha256, before)

        assert ctx.fetch(artifact).read_bytes() == b"picture"


def test_a_file_that_went_away_is_downloaded_after_all(clean_settings):
    with open_run_context(clean_settings) as ctx:
        made = ctx.new_work_dir("frames") / "picture.jpg"
        made.write_bytes(b"picture")
        artifact = ctx.store.put_file("frames/a/scene_000.jpg", made, "image/jpeg")
        ctx.register_local_file(made, artifact.sha256)
        made.unlink()

        assert ctx.fetch(artifact).read_bytes() == b"picture"


def test_a_lost_artifact_is_an_error_that_names_it(clean_settings):
    with open_run_context(clean_settings) as ctx:
        artifact = ctx.store.put_bytes("subs/a.srt", b"1", "text/plain")
        ctx.store.delete(artifact.key)

        with pytest.raises(ArtifactMissingError, match="subs/a.srt"):
            ctx.fetch(artifact)


def test_a_data_folder_that_cannot_be_is_one_sentence(clean_settings, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    wrong = clean_settings.with_values(data_dir=tmp_path / "file")

    with (
        pytest.raises(PermissionDeniedError, match="Not a directory; set DATA_DIR"),
        open_run_context(wrong),
    ):
        pass


def test_nothing_is_left_when_the_database_is_away(clean_settings):
    url = type(clean_settings.database.url)("postgresql://user@127.0.0.1:9/none")
    away = clean_settings.with_values(database_url=url)

    with pytest.raises(DatabaseUnavailableError), open_run_context(away):
        pass

    assert folders(clean_settings) == []
    assert ArtifactStore.open(clean_settings).head("x") is None


def test_messages_name_files_as_users_know_them(clean_settings, tmp_path):
    with open_run_context(clean_settings) as ctx:
        stored = ctx.store.put_bytes("uploads/talk_talk.mp4", b"film", "video/mp4")
        local = ctx.fetch(stored)
        folder = ctx.new_work_dir("ingest")
        mine = tmp_path / "my talk.mp4"

        message = ctx.readable(
            f"{local} is damaged. {folder / 'download.mp4'}: cut off. {mine} is there; "
            f"but {folder} has 3 MB free, as {ctx.scratch} has."
        )

    assert message == (
        "uploads/talk_talk.mp4 is damaged. download.mp4: cut off. "
        f"{mine} is there; but the scratch folder in DATA_DIR has 3 MB free, "
        "as the scratch folder in DATA_DIR has."
    )
