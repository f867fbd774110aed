"""``list``, ``show``, ``export`` and ``search`` on what a library holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reelworks.app.api.schemas.videos import VideoDetail, VideoOut
from reelworks.domain.digest import ModelRef
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.video import Probe
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.library.publish import publish_probe, publish_transcript
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.library.video_writes import NewVideo, add_video
from tests.support.flows.runs import as_environment

TITLE = "[bold]Team[/bold] talk :smile: \x1b[31mred\x1b[0m \u202eevil"
SHOWN_TITLE = TITLE.replace("\x1b", "")
"""The store itself keeps no escape characters."""
SPOKEN = "Grüße [red]an[/] alle 日本"


@pytest.fixture
def library(clean_settings):
    """A video whose texts try to steer the terminal."""
    engine = create_database_engine(clean_settings)
    ensure_schema(engine)
    add_video(engine, NewVideo("talk", "/in/talk.mp4", TITLE))
    claim_video(engine, "talk", original_path="/in/talk.mp4")
    publish_probe(engine, "talk", Probe("mp4", 2.0), upload_path="uploads/a", sha256="ab" * 32)
    said = Transcript("de", (Segment(0.0, 1.5, SPOKEN),))
    publish_transcript(engine, "talk", said, model=str(ModelRef("local", "m", "r")))
    set_status(engine, "talk", VideoStatus.READY)
    engine.dispose()


def harmless(text: str) -> bool:
    return "\x1b" not in text and "\u202e" not in text


def test_an_empty_library(reelworks):
    assert reelworks("list").out == "The library is empty. Try: reelworks index FILE\n"
    said = reelworks("list", "--json")
    assert (said.code, said.json, said.err) == (0, {"videos": [], "next": None}, "")


@pytest.mark.parametrize(
    "command", [("show", "nope"), ("export", "nope", "--srt"), ("search", "x", "--video", "nope")]
)
def test_an_unknown_id_ends_with_3(reelworks, command):
    said = reelworks(*command)
    assert (said.code, said.out) == (3, "")
    assert said.err == "Error: No video has the id nope.\n"

    said = reelworks(*command, "--json") if command[0] != "export" else None
    if said is not None:
        assert said.code == 3
        assert said.json["error"]["code"] == "unknown_video"
        assert said.err == ""


def test_titles_and_speech_are_shown_as_they_are_and_steer_nothing(reelworks, library):
    shown = reelworks("show", "talk")
    assert shown.code == 0
    assert "[bold]Team[/bold] talk :smile:" in shown.out
    assert SPOKEN in shown.out
    assert harmless(shown.out)

    listed = reelworks("list")
    assert "[bold]Team[/bold]" in listed.out
    assert harmless(listed.out)


def test_json_keeps_every_character_and_is_ascii(reelworks, library):
    shown, listed = reelworks("show", "talk", "--json"), reelworks("list", "--json")

    assert shown.json["title"] == listed.json["videos"][0]["title"] == SHOWN_TITLE
    assert shown.json["transcript"][0]["text"] == SPOKEN
    assert set(shown.json) == set(VideoDetail.model_fields)
    assert set(listed.json["videos"][0]) == set(VideoOut.model_fields)
    assert (shown.err, listed.err) == ("", "")
    assert shown.raw.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_any_locale_will_do(reelworks, library, locale):
    quiet = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **locale}
    shown = reelworks("show", "talk", **quiet)
    assert shown.code == 0
    assert "Gr" in shown.raw.decode("ascii", "replace")
    assert "Traceback" not in shown.err

    assert reelworks("show", "talk", "--json", **quiet).json["title"] == SHOWN_TITLE
    assert SPOKEN in reelworks("export", "talk", "--srt", **quiet).out


def test_a_narrow_terminal_loses_nothing(reelworks, library):
    listed = reelworks("list", COLUMNS="24")

    assert listed.code == 0
    assert "…" not in listed.out
    assert SPOKEN in reelworks("show", "talk", COLUMNS="24").out


def test_export_writes_each_form(reelworks, library, tmp_path):
    assert reelworks("export", "talk", "--srt").out.startswith("1\n00:00:00,000 --> 00:00:01,500\n")
    assert reelworks("export", "talk", "--vtt").out.startswith("WEBVTT")
    assert reelworks("export", "talk", "--json").json["id"] == "talk"

    target = tmp_path / "talk.srt"
    said = reelworks("export", "talk", "--srt", "-o", str(target))
    assert (said.code, said.out) == (0, "")
    assert SPOKEN in target.read_text("utf-8")

    said = reelworks("export", "talk", "--srt", "-o", str(tmp_path / "no" / "talk.srt"))
    assert said.code == 6
    assert "cannot be written: No such file or directory" in said.err


def test_search_finds_words_and_says_why(reelworks, library):
    said = reelworks("search", "alle", "--in", "speech")
    assert said.code == 0
    assert "talk" in said.out
    assert "why: the words match" in said.out
    assert SPOKEN in said.out

    (hit,) = reelworks("search", "alle", "--in", "speech", "--json").json
    assert (hit["video_id"], hit["kind"], hit["t_start"]) == ("talk", "speech", 0.0)
    assert reelworks("search", "nothingofthekind", "--json").json == []
    assert reelworks("search", "").code == 3


def test_a_reader_that_leaves_early_sees_no_trace(reelworks, library, clean_settings):
    environment = "; ".join(f"export {k}='{v}'" for k, v in as_environment(clean_settings).items())
    script = f"{environment}; {sys.executable} -m reelworks.app.cli show talk --json | true"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)

    assert "Traceback" not in done.stderr
    assert "foresee" not in done.stderr
