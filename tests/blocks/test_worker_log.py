"""The worker's log: its path, format, level and rotation."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
from contextvars import copy_context

import pytest

from blocks.worker_log import MAX_BYTES, worker_log
from reelworks.errors import PermissionDeniedError
from reelworks.settings import Settings

LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - video_worker - (DEBUG|INFO|WARNING|ERROR)"
    r" - \[\w+\.py:\d+\] - .*"
)


@pytest.fixture
def house(tmp_path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data")


def lines(house: Settings) -> list[str]:
    return (house.data_dir / "worker" / "log.log").read_text("utf-8").splitlines()


def test_the_format_is_the_one_that_people_grep_for(house):
    with worker_log(house) as log:
        log.info("READY %s", "clip")

    (line,) = lines(house)
    assert LINE.fullmatch(line)
    assert re.search(r" - INFO - \[test_worker_log\.py:\d+\] - READY clip$", line)


@pytest.mark.parametrize(
    ("level", "count"), [("DEBUG", 4), ("INFO", 3), ("WARNING", 2), ("ERROR", 1)]
)
def test_the_level_is_the_setting_s(house, level, count):
    with worker_log(house.with_values(log_level=level)) as log:
        for write in (log.debug, log.info, log.warning, log.error):
            write("x")

    assert len(lines(house)) == count


def test_a_file_name_cannot_forge_a_line(house):
    with worker_log(house) as log:
        log.info("CLAIMED %s", "a\n2024-01-15 10:30:00 - video_worker - INFO - READY b\x1b[2J")

    (line,) = lines(house)
    assert LINE.fullmatch(line)
    assert "\x1b" not in line


def test_runs_side_by_side_write_each_line_once(house):
    def run(name: str) -> None:
        with worker_log(house) as log:
            meet.wait(10)
            log.info("CLAIMED %s", name)
            meet.wait(10)

    meet = threading.Barrier(2)
    threads = [threading.Thread(target=copy_context().run, args=(run, n)) for n in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(line[-9:] for line in lines(house)) == ["CLAIMED a", "CLAIMED b"]


def test_a_thread_of_the_run_writes_to_its_log(house):
    with worker_log(house) as log:
        worker = threading.Thread(target=copy_context().run, args=(log.info, "from a thread"))
        worker.start()
        worker.join()

    assert lines(house)[0].endswith("from a thread")


def test_three_files_of_five_megabytes_remain(house):
    with worker_log(house) as log:
        for number in range(22):
            log.info("%d %s", number, "x" * (1 << 20))

    folder = house.data_dir / "worker"
    logs = sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")
    assert logs == ["log.log", "log.log.1", "log.log.2"]
    for name in logs:
        assert (folder / name).stat().st_size <= MAX_BYTES
    assert " - 21 x" in lines(house)[-1]


PROGRAM = """
import sys
from blocks.worker_log import worker_log
from reelworks.settings import load_settings
with worker_log(load_settings()) as log:
    for number in range(60):
        log.info("%s-%d %s", sys.argv[1], number, "x" * 50_000)
"""


def test_processes_that_share_the_log_lose_no_line_when_it_rotates(house):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, name],
            env=os.environ | {"DATA_DIR": str(house.data_dir)},
        )
        for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]

    files = sorted((house.data_dir / "worker").glob("log.log*"))
    texts = [path.read_text() for path in files if path.suffix != ".lock"]
    assert len(texts) == 2, "six megabytes in files of five"
    written = re.findall(r"- ([ab]-\d+) x", "".join(texts))
    assert sorted(written) == sorted(f"{name}-{n}" for name in "ab" for n in range(60))


def test_nothing_is_written_after_the_run(house):
    before = list(logging.getLogger("video_worker").handlers)
    with worker_log(house) as log:
        assert len(log.handlers) == len(before) + 1
    log.info("too late")

    assert log.handlers == before
    assert lines(house) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(house, tmp_path):
    (tmp_path / "data").write_bytes(b"")

    with (
        pytest.raises(PermissionDeniedError, match="cannot be written: .*; set DATA_DIR"),
        worker_log(house),
    ):
        pass
