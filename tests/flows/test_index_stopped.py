"""Runs that are stopped, killed or doubled: the next run does what is missing, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from infra.services.process import stop
from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import running
from reelworks.domain.jobs.report import StageState
from reelworks.settings import Settings, variables
from tests.support.flows.library import counts, rows, video
from tests.support.flows.runs import command, reelworks, wait_for
from tests.support.openai_server import CHAT

pytestmark = pytest.mark.slow


async def test_a_run_killed_in_vision_leaves_only_the_missing_frames_to_do(
    index, hosted, environment, media, monkeypatch
):
    monkeypatch.setenv("VISION_MAX_CONCURRENT", "1")
    hosted.delay[CHAT] = 0.7
    source = media / "video" / "nasa_13013.mp4"
    with command({}, "index", source, "--id", "clip", "--json") as victim:
        await wait_for(lambda: len(hosted.images(answered=True)) >= 2, victim)
        victim.process.send_signal(signal.SIGKILL)
        await victim.ended()
    done = set(hosted.images(answered=True))
    hosted.delay[CHAT] = 0.0
    before = hosted.count(CHAT)
    assert counts(environment)["frame_captions"] == 0, "rows are published whole"

    run = await index(source, "clip")

    assert run.error is None
    again = [seen.image for seen in hosted.seen(CHAT)[before:]]
    repeated = [image for image in again if image in done]
    assert len(repeated) <= 1  # the answer that was on its way when the run died
    assert len(again) == len(set(again))
    # On a busy machine the run may die before it has heard all that was said.
    assert run.worked <= {"vision", "embed_picture", "transcribe", "embed_speech"}
    assert run.states["normalize"] is StageState.CACHED
    assert video(environment, "clip").summary.status == "ready"


@pytest.mark.slow
async def test_two_processes_at_once_ask_for_each_frame_once(hosted, environment, media):
    hosted.delay[CHAT] = 0.3
    source = media / "video" / "nasa_13013.mp4"
    both = await asyncio.gather(
        *(reelworks({}, "index", source, "--id", "clip", "--json") for _ in range(2))
    )

    assert [one.code for one in both] == [0, 0], [one.text for one in both]
    images = hosted.images()
    assert images
    assert len(images) == len(set(images))
    found = video(environment, "clip")
    assert found.summary.status == "ready"
    assert len({frame.id for frame in found.frames}) == len(found.frames)
    assert len(rows(environment)["videos"]) == 1


def encoders(pid: int) -> list[psutil.Process]:
    """The ffmpeg processes of a command that write the normalized video."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("normalized.mp4" in part for part in child.cmdline()):
                found.append(child)
    return found


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
async def test_a_stopped_command_ends_its_ffmpeg_and_says_so(
    environment, index, media, tmp_path, number
):
    source = media / "video" / "testvideo.mp4"
    with command({}, "index", source, "--id", "clip") as running_command:
        await wait_for(lambda: encoders(running_command.pid), running_command)
        ffmpeg = encoders(running_command.pid)
        began = time.monotonic()
        running_command.process.send_signal(number)
        ended = await running_command.ended(60)

    assert time.monotonic() - began < 15
    assert ended.code == 130, ended.text
    assert "Traceback" not in ended.text
    assert "Stopped" in ended.err
    assert not any(child.is_running() for child in ffmpeg)
    assert video(environment, "clip").summary.status == "failed"
    assert list((environment.data_dir / "scratch").iterdir()) == []


@pytest.mark.slow
async def test_a_command_stopped_in_vision_keeps_what_was_described(
    hosted, environment, index, media, monkeypatch
):
    monkeypatch.setenv("VISION_MAX_CONCURRENT", "1")
    hosted.delay[CHAT] = 0.7
    source = media / "video" / "nasa_13013.mp4"
    with command({}, "index", source, "--id", "clip") as running_command:
        await wait_for(lambda: len(hosted.images(answered=True)) >= 1, running_command)
        running_command.process.send_signal(signal.SIGINT)
        ended = await running_command.ended(60)
    assert ended.code == 130, ended.text
    assert "Traceback" not in ended.text
    assert video(environment, "clip").summary.status == "failed"
    done = set(hosted.images(answered=True))
    hosted.delay[CHAT] = 0.0
    before = hosted.count(CHAT)

    run = await index(source, "clip")

    assert run.error is None
    assert not done & {seen.image for seen in hosted.seen(CHAT)[before:]}


@pytest.fixture
def alone(models_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """Variables of a DATA_DIR whose every service is the command's own, Prefect's included."""
    for name in (*variables(), "prefect_home"):
        monkeypatch.delenv(name.upper(), raising=False)
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        yield {"DATA_DIR": folder, "MODELS_DIR": str(models_dir)}
        for left in processes_in(folder):  # a failed test must not leave servers behind
            left.kill()


def processes_in(folder: str) -> list[psutil.Process]:
    """The processes that work in ``folder``, or were told of it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        paths = [process.info["cwd"] or "", *(process.info["cmdline"] or ())]
        if any(folder in path for path in paths):
            found.append(process)
    return found


@pytest.mark.slow
async def test_ctrl_c_stops_the_services_that_the_command_started(alone, media):
    source = media / "video" / "testvideo.mp4"
    with command(alone, "index", source, "--id", "clip") as running_command:
        await wait_for(lambda: encoders(running_command.pid), running_command)
        running_command.process.send_signal(signal.SIGINT)
        ended = await running_command.ended(60)

    assert ended.code == 130, ended.text
    assert "Traceback" not in ended.text
    assert processes_in(alone["DATA_DIR"]) == []


@pytest.mark.slow
async def test_ctrl_c_while_the_services_start_leaves_none_behind(alone, media):
    folder = Path(alone["DATA_DIR"])
    with command(alone, "index", media / "odd" / "no_audio.mp4") as running_command:
        await wait_for((folder / "logs" / "prefect.log").exists, running_command)
        running_command.process.send_signal(signal.SIGINT)
        ended = await running_command.ended(60)

    assert ended.code == 130, ended.text
    assert "Traceback" not in ended.text
    assert processes_in(alone["DATA_DIR"]) == []
    assert read_state(folder / "run").parts == {}


@pytest.mark.slow
async def test_a_prefect_server_that_dies_in_mid_run_is_named(alone, openai_server, media):
    hosted = {
        "VISION_PROVIDER": "openai",
        "OPENAI_API_KEY": openai_server.key,
        "OPENAI_BASE_URL": openai_server.base_url,
    }
    openai_server.delay[CHAT] = 2.0
    house = Settings(_env_file=None, data_dir=Path(alone["DATA_DIR"]))
    index = ("index", media / "odd" / "no_audio.mp4", "--id", "clip")
    with running(house) as endpoints:
        with command(alone | hosted, *index) as running_command:
            await wait_for(lambda: openai_server.count(CHAT) == 1, running_command)
            server = read_state(house.data_dir / "run").parts[Service.PREFECT].process
            os.kill(server.pid, signal.SIGKILL)
            began = time.monotonic()
            ended = await running_command.ended(300)
            assert time.monotonic() - began < 30
        stop(server)
        assert "Traceback" not in ended.text
        assert ended.code == 6, ended.text
        assert "no_audio.mp4" in ended.err
        assert ended.err.count("The Prefect server does not answer") == 1
        row = video(endpoints.settings(house), "clip").summary
        # A stage that Prefect asks nothing about ends well without it, and then so does the video.
        either = {("failed", "The Prefect server does not answer."), ("ready", None)}
        assert (row.status, row.error) in either

        again = await reelworks(alone | hosted, *index, "--json")

        assert again.code == 0, again.text
        assert openai_server.count(CHAT) == 1, "the frame's description was cached"
        assert video(endpoints.settings(house), "clip").summary.status == "ready"


@dataclass
class Line:
    """A line to the Prefect server that can be cut and restored."""

    port: int
    """Of the server."""
    listener: asyncio.Server | None = None
    own_port: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def restore(self) -> None:
        self.listener = await asyncio.start_server(self._connect, "127.0.0.1", self.own_port)
        self.own_port = self.listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self.listener is not None
        self.listener.close()
        for writer in self.open:
            writer.transport.abort()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self.port)
        self.open |= {back, forth}
        await asyncio.gather(self._pass(near, forth), self._pass(far, back))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()
        self.open.discard(writer)


@pytest.mark.slow
async def test_a_prefect_server_that_is_back_in_time_is_waited_for(
    prefect_api, hosted, environment, media
):
    hosted.delay[CHAT] = 2.0
    line = Line(int(prefect_api.rpartition(":")[2].partition("/")[0]))
    await line.restore()
    through = {"PREFECT_API_URL": f"http://127.0.0.1:{line.own_port}/api"}
    index = ("index", media / "odd" / "no_audio.mp4", "--id", "clip")
    with command(through, *index) as running_command:
        await wait_for(lambda: hosted.count(CHAT) == 1, running_command)
        await line.cut()
        await asyncio.sleep(9.0)
        await line.restore()
        ended = await running_command.ended(120)
    await line.cut()

    assert ended.code == 0, ended.text
    assert video(environment, "clip").summary.status == "ready"
