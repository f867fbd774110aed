"""Valid oddities become ready, with times that agree with what is known of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.flows.library import video
from tests.support.made_media import MadeMedia, ffmpeg

pytestmark = pytest.mark.slow


async def test_sound_that_starts_late_keeps_its_distance(index_shared, shared, media):
    run = await index_shared(media / "odd" / "audio_late_1500ms.mp4", "late")

    assert run.error is None
    found = video(shared, "late")
    assert found.summary.status == "ready"
    assert found.segments
    words = [word for one in found.segments for word in one.segment.words]
    assert words[0].t_start >= 1.4
    assert found.segments[0].segment.t_start >= 1.4
    assert found.segments[-1].segment.t_end <= found.summary.duration + 0.1


async def test_sound_alone_becomes_ready_without_scenes(index_shared, shared, media):
    run = await index_shared(media / "odd" / "audio_only.m4a", "sound")

    assert run.error is None
    found = video(shared, "sound")
    assert found.summary.status == "ready"
    assert found.summary.duration == pytest.approx(11.0, abs=0.2)
    assert found.normalized_path is None
    assert (found.scenes, found.frames) == ((), ())
    assert "ask what you can do for your country" in found.segments[-1].segment.text


async def test_words_are_where_they_are_spoken(index_shared, shared, media):
    """Ground truth: the word Americans is being said at 1.8 s of jfk.flac."""
    run = await index_shared(media / "speech" / "jfk.flac", "jfk")

    assert run.error is None
    words = [word for one in video(shared, "jfk").segments for word in one.segment.words]
    spoken = next(word for word in words if "Americans" in word.text)
    assert spoken.t_start <= 1.8 <= spoken.t_end


async def test_silence_gives_no_words(index_shared, shared, made: MadeMedia):
    run = await index_shared(made("silent.mp4"), "silent")

    assert run.error is None
    found = video(shared, "silent")
    assert found.summary.status == "ready"
    assert found.segments == ()
    assert found.summary.language is None
    assert found.scenes


async def test_no_sound_gives_no_words(index_shared, shared, media):
    run = await index_shared(media / "odd" / "no_audio.mp4", "mute")

    assert run.error is None
    found = video(shared, "mute")
    assert found.summary.status == "ready"
    assert found.segments == ()
    assert len(found.scenes) == len(found.frames) == 1


async def test_one_frame_is_one_scene(index_shared, shared, media):
    run = await index_shared(media / "odd" / "single_frame.mp4", "single")

    assert run.error is None
    found = video(shared, "single")
    assert found.summary.status == "ready"
    assert len(found.scenes) == len(found.frames) == 1
    assert found.scenes[0].scene.t_start == 0.0
    assert found.frames[0].frame.t == 0.0


@pytest.mark.slow
async def test_a_turned_picture_stands_upright(index_shared, shared, media):
    run = await index_shared(media / "odd" / "rot90.mp4", "turned")

    assert run.error is None
    frame = video(shared, "turned").frames[0].frame
    assert frame.height > frame.width


@pytest.mark.slow
async def test_the_default_track_is_the_one_that_is_heard(index_shared, shared, media, tmp_path):
    """English first, German second and marked as default."""
    source = tmp_path / "two_languages.mkv"
    english, german = media / "speech" / "jfk.flac", media / "speech" / "fw-multilingual.mp3"
    ffmpeg(
        [
            *("-i", str(media / "odd" / "no_audio.mp4"), "-t", "8", "-i", str(english)),
            *("-ss", "36", "-t", "8", "-i", str(german), "-map", "0:v", "-map", "1:a"),
            *("-map", "2:a", "-c:v", "copy", "-c:a", "aac"),
            *("-disposition:a:0", "0", "-disposition:a:1", "default"),
        ],
        source,
    )

    run = await index_shared(source, "languages")

    assert run.error is None
    found = video(shared, "languages")
    assert found.summary.language == "de"
    assert found.segments


@pytest.fixture(scope="module")
def cuts(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the Sintel trailer with its hard cuts at 286 and 348 of 24 frames/s."""
    target = tmp_path_factory.mktemp("cuts") / "cuts.mp4"
    origin = media / "video" / "sintel-trailer-30s.mp4"
    ffmpeg(
        [
            *("-ss", "10", "-i", str(origin), "-t", "5.4", "-vf", "scale=640:-2"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-an"),
        ],
        target,
    )
    return target


CUTS = [286 / 24 - 10, 348 / 24 - 10]


@pytest.mark.parametrize(
    "name",
    [
        "constant",
        pytest.param("variable", marks=pytest.mark.slow),
        pytest.param("interlaced", marks=pytest.mark.slow),
    ],
)
async def test_cuts_are_where_they_are_at_any_rate(index_shared, shared, cuts, tmp_path, name):
    ways = {
        "constant": ["-c:v", "libx264"],
        "variable": ["-vf", "select=not(between(mod(n\\,7)\\,2\\,4))", "-fps_mode", "vfr"],
        "interlaced": [
            *("-vf", "fps=50,tinterlace=interleave_top,setfield=tff", "-c:v", "mpeg2video"),
            *("-q:v", "3", "-flags", "+ilme+ildct"),
        ],
    }
    source = tmp_path / ("cuts.ts" if name == "interlaced" else "cuts.mp4")
    ffmpeg(["-i", str(cuts), *ways[name]], source)
    # Dropping frames 2 to 4 of 7 moves a cut by three of 24 frames/s at most.
    tolerance = {"constant": 1.5 / 24, "variable": 4 / 24, "interlaced": 2 / 24}[name]

    run = await index_shared(source, name)

    assert run.error is None
    starts = [one.scene.t_start for one in video(shared, name).scenes][1:]
    for cut in CUTS:
        assert min(abs(start - cut) for start in starts) <= tolerance, (cut, starts)


async def test_a_cut_off_file_is_indexed_as_far_as_it_goes_and_says_so(index_shared, shared, media):
    run = await index_shared(media / "odd" / "truncated_faststart_50pct.mp4", "half")

    assert run.error is None
    warned = [line for report in run.recorder.reports for line in report.warnings]
    assert any("states 10.0 s but only" in line for line in warned)
    found = video(shared, "half")
    assert found.summary.status == "ready"
    assert set(found.warnings) == set(warned)
