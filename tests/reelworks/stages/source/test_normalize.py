"""Any video becomes H.264, 720p, 30 fps constant: checked on what is seen and heard."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.video import NormalizedVideo, Probe
from reelworks.errors import (
    CancelledError,
    NoSpaceError,
    PermissionDeniedError,
    ProcessError,
    UnsupportedMediaError,
)
from reelworks.media import nvenc
from reelworks.media.inspect.probe import probe
from reelworks.stages.source.choose_audio import choose_audio
from reelworks.stages.source.normalize import (
    NVENC_FAILED,
    NormalizeParams,
    normalize,
    resolve_encoder,
)
from tests.support.decoded import Picture, likeness, onset, pictures, pitch, sound
from tests.support.made_media import MadeMedia, ffmpeg

PARAMS = NormalizeParams()
FRAME = 1 / 30
SMALL = (320, 180)


def run(source: Path, folder: Path) -> tuple[NormalizedVideo, Path, Path]:
    made = normalize(source, probe(source), PARAMS, folder, silent)
    assert made.video is not None
    assert made.video_path == folder / "normalized.mp4"
    assert made.proxy_path == folder / "proxy.mp4"
    return made.video, made.video_path, made.proxy_path


def check_form(video: NormalizedVideo, whole: Path, proxy: Path) -> None:
    """Everything that later stages rely on, whatever the source was."""
    times = []
    for path in (whole, proxy):
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
            assert stream.average_rate == 30
            assert stream.sample_aspect_ratio in (None, 1)
            frames = list(container.decode(stream))
            times.append([frame.pts * frame.time_base for frame in frames])
            assert not any(frame.interlaced_frame or frame.rotation for frame in frames)
            keys = [frame.time for frame in frames if frame.key_frame]
            assert all(later - earlier <= 2.001 for earlier, later in pairwise(keys))
            if path == whole:
                assert (stream.width, stream.height) == (video.width, video.height)
            assert min(stream.width, stream.height) <= (720 if path == whole else 180)
    assert times[0] == times[1] == [Fraction(n, 30) for n in range(video.frames)]
    assert video.duration == pytest.approx(video.frames / 30)


def nearest(wanted: Picture, among: list[Picture]) -> int:
    return int(np.argmin([np.abs(wanted.luma - other.luma).mean() for other in among]))


@pytest.mark.parametrize(
    ("name", "size", "seconds"),
    [
        ("video/counter.mp4", (1280, 720), 3.0),
        ("odd/no_audio.mp4", (320, 180), 5.12),
        ("odd/audio_late_1500ms.mp4", (320, 180), 8.08),
        ("odd/rot90.mp4", (180, 320), 5.12),
        ("odd/single_frame.mp4", (854, 480), 0.04),
        ("odd/truncated_faststart_50pct.mp4", (854, 480), 4.1),
        ("made/vfr.mp4", (1280, 720), 3.0),
        ("made/interlaced.ts", (1024, 576), 3.0),
        ("made/anamorphic.mp4", (1024, 576), 3.0),
        ("made/turned_180.mp4", (1280, 720), 3.0),
        ("made/turned_270.mp4", (720, 1280), 3.0),
        ("made/hdr.mp4", (640, 360), 1.0),
        ("made/odd_size.mkv", (320, 180), 3.0),
        ("made/portrait.mp4", (720, 1280), 3.0),
        ("made/tiny.mkv", (6, 2), 3.0),
        ("made/sixty.mp4", (640, 360), 3.0),
        ("made/silent.mp4", (1280, 720), 3.0),
        ("made/early_sound.ts", (1280, 720), 3.5),
        ("made/moving.gif", (320, 180), 3.0),
        ("made/changing.ts", (640, 360), 6.0),
        ("made/conforming_hole.mp4", (1280, 720), 4.0),
        ("made/late_picture.mp4", (1280, 720), 15.4),
        ("made/cover.mp4", (640, 360), 44.37),
        ("made/cover_live.mkv", (640, 360), 5.05),
        ("made/growing.ts", (1280, 720), 11.0),
        ("made/cropped.mkv", (640, 240), 1.0),
        ("made/no_timing.mkv", (320, 180), 6.0),  # every picture at 0 s
    ],
)
def test_the_form_is_always_the_same(
    media: Path, made: MadeMedia, tmp_path: Path, name: str, size: tuple[int, int], seconds: float
) -> None:
    source = made(name.removeprefix("made/")) if name.startswith("made/") else media / name
    video, whole, proxy = run(source, tmp_path / "out")
    assert (video.width, video.height) == size
    assert video.duration == pytest.approx(seconds, abs=FRAME)
    assert video.reencoded
    check_form(video, whole, proxy)


@pytest.mark.parametrize("name", ["counter.mp4", "vfr.mp4", "sixty.mp4", "early_sound.mkv"])
def test_each_moment_shows_the_picture_that_the_source_shows(
    media: Path, made: MadeMedia, tmp_path: Path, name: str
) -> None:
    """Each frame of the counter carries its own number, so that a wrong one is noticed."""
    source = media / "video" / name if name == "counter.mp4" else made(name)
    _, whole, proxy = run(source, tmp_path)
    originals = pictures(source, size=SMALL)
    # Where audio begins half a second earlier, the first picture is shown from there on.
    first = originals[0].t - (Fraction(1, 2) if name == "early_sound.mkv" else 0)
    for path in (whole, proxy):
        for shown in pictures(path, size=SMALL):
            due = [p for p in originals if round((p.t - first) * 30) <= shown.t * 30]
            due = due or originals[:1]
            near = originals[nearest(shown, originals)]
            # 60 fps repeats each frame of the counter: equal frames count as the same.
            assert np.abs(near.luma - due[-1].luma).mean() < 0.5, (path.name, shown.t)


def test_cuts_stay_where_they_were(media: Path, tmp_path: Path) -> None:
    """Ground truth of the 24 fps trailer, on which three detectors agree."""
    _, _, proxy = run(media / "video" / "sintel-trailer-30s.mp4", tmp_path)
    shown = pictures(proxy, size=(80, 45))
    for cut in (286, 348, 372, 523, 573, 610):
        near = [n for n in range(len(shown) - 1) if abs(float(shown[n + 1].t) - cut / 24) < 0.3]
        jump = max(near, key=lambda n: np.abs(shown[n + 1].luma - shown[n].luma).mean())
        assert float(shown[jump + 1].t) == pytest.approx(cut / 24, abs=FRAME)


@pytest.mark.parametrize(
    ("name", "turns"),
    [("turned_180.mp4", 2), ("turned_270.mp4", 1), ("rot90.mp4", 3)],
)
def test_rotated_pictures_stand_upright(
    media: Path, made: MadeMedia, tmp_path: Path, name: str, turns: int
) -> None:
    source = media / "odd" / name if name == "rot90.mp4" else made(name)
    _, whole, _ = run(source, tmp_path)
    lying = pictures(source, limit=1)[0].luma
    upright = pictures(whole, limit=1)[0].luma
    height, width = np.rot90(lying, -turns).shape
    shown = pictures(whole, size=(width, height), limit=1)[0].luma
    scores = [
        likeness(np.rot90(lying, -k), shown) if np.rot90(lying, -k).shape == shown.shape else 0
        for k in range(4)
    ]
    assert int(np.argmax(scores)) == turns
    assert scores[turns] > 0.9
    assert upright.shape[0] >= upright.shape[1] or turns == 2


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [
        ("mirrored.mp4", np.fliplr),
        ("upside_down.mp4", np.flipud),
        ("turned_mirrored.mp4", lambda luma: np.fliplr(np.rot90(luma))),
    ],
)
def test_mirrored_pictures_are_mirrored_back(
    made: MadeMedia, tmp_path: Path, name: str, shown_as: Callable[[np.ndarray], np.ndarray]
) -> None:
    source = made(name)
    _, whole, proxy = run(source, tmp_path)
    wanted = shown_as(pictures(source, limit=1)[0].luma)
    size = (wanted.shape[1], wanted.shape[0])
    for path in (whole, proxy):
        shown = pictures(path, size=size, limit=1)[0].luma
        assert np.abs(shown - wanted).mean() < 0.5 * np.abs(shown - np.fliplr(wanted)).mean()
        assert np.abs(shown - wanted).mean() < 0.5 * np.abs(shown - np.flipud(wanted)).mean()
    with av.open(str(whole)) as container:
        assert "DISPLAYMATRIX" not in {one.type.name for one in next(container.decode()).side_data}


@pytest.mark.slow
def test_a_film_keeps_its_quality(media: Path, tmp_path: Path) -> None:
    source = media / "video" / "voicestudio-en.mp4"
    _, whole, _ = run(source, tmp_path)
    before, after = pictures(source, limit=100), pictures(whole, limit=120)
    scores = [likeness(before[n * 5].luma, after[n * 6].luma) for n in range(0, 20, 4)]
    assert min(scores) > 0.97


def combing(luma: np.ndarray) -> float:
    """How much neighbouring lines differ beyond lines two apart: over 1 where fields are torn."""
    near = np.abs(luma[1:-1] - luma[:-2]).mean()
    return float(near / max(np.abs(luma[2:] - luma[:-2]).mean(), 1e-6))


def test_fields_are_woven_into_whole_pictures(made: MadeMedia, tmp_path: Path) -> None:
    """Against the same filters without the deinterlacer, which leave the lines torn."""
    source = made("interlaced.ts")
    _, whole, _ = run(source, tmp_path / "woven")
    found = probe(source)
    assert found.video is not None
    as_it_is = replace(found, video=replace(found.video, interlaced=False))
    made_torn = normalize(source, as_it_is, PARAMS, tmp_path / "torn", silent)
    assert made_torn.video_path is not None
    torn = np.array([combing(p.luma) for p in pictures(made_torn.video_path)])
    woven = np.array([combing(p.luma) for p in pictures(whole)])
    assert (torn / woven).max() > 1.3, "the picture that moves most"
    assert (torn / woven).mean() > 1.02, "most of the film stands still"


@pytest.mark.parametrize("name", ["hdr.mp4", "hdr_half_tagged.mp4"])
def test_hdr_becomes_an_ordinary_picture(
    made: MadeMedia, media: Path, tmp_path: Path, name: str
) -> None:
    """The HDR file was made from a plain one, which tone mapping should about give back.

    Half tagged, it says PQ but neither primaries nor matrix.
    """
    _, whole, _ = run(made(name), tmp_path)
    plain = pictures(media / "video" / "voicestudio-en.mp4", size=(640, 360))[10].luma
    mapped = pictures(whole)[12].luma
    assert likeness(plain, mapped) > 0.9
    assert abs(mapped.mean() - plain.mean()) < 3, "unmapped, the picture is 13 lighter"
    with av.open(str(whole)) as container:
        assert container.streams.video[0].codec_context.color_trc == 1


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("late_sound.mp4", 1.5),
        ("early_sound.mkv", 1.0),
        ("early_sound.ts", 1.0),
        ("two_tracks.mkv", 0.0),
    ],
)
def test_sound_keeps_step_with_the_picture(
    made: MadeMedia, tmp_path: Path, name: str, starts: float
) -> None:
    _, whole, _ = run(made(name), tmp_path)
    assert onset(sound(whole), 48_000) == pytest.approx(starts, abs=FRAME)


def test_holes_in_sound_stay_holes(made: MadeMedia, tmp_path: Path) -> None:
    _, whole, _ = run(made("sound_with_hole.mkv"), tmp_path)
    heard = sound(whole)
    assert np.abs(heard[int(1.1 * 48_000) : int(1.9 * 48_000)]).max() < 0.01
    assert onset(heard, 48_000, after=1.5) == pytest.approx(2.0, abs=FRAME)


def test_the_default_sound_track_is_heard(made: MadeMedia, tmp_path: Path) -> None:
    _, whole, _ = run(made("two_tracks.mkv"), tmp_path)
    assert pitch(sound(whole)[48_000:96_000], 48_000) == pytest.approx(880, abs=2)


def test_sound_that_changes_its_channels_half_way(made: MadeMedia, tmp_path: Path) -> None:
    """Frame and audio both change at 3 s; neither may restart its clock."""
    video, whole, _ = run(made("changing.ts"), tmp_path)
    assert video.duration == pytest.approx(6.0, abs=FRAME)
    assert len(sound(whole)) / 48_000 == pytest.approx(6.0, abs=0.1)


def test_a_source_that_conforms_is_copied(made: MadeMedia, tmp_path: Path) -> None:
    source = made("conforming.mp4")
    video, whole, proxy = run(source, tmp_path)
    assert not video.reencoded
    check_form(video, whole, proxy)
    before, after = pictures(source, size=SMALL), pictures(whole, size=SMALL)
    assert all(np.array_equal(a.luma, b.luma) for a, b in zip(before, after, strict=True))
    shift = np.abs(sound(source)[:48_000] - sound(whole)[:48_000]).max()
    assert shift < 1e-4


@pytest.mark.parametrize("name", ["conforming_hole.mp4", "conforming_rare_keyframes.mp4"])
def test_a_source_that_only_seems_to_conform_is_not(
    made: MadeMedia, tmp_path: Path, name: str
) -> None:
    assert run(made(name), tmp_path)[0].reencoded


def test_the_same_source_gives_the_same_bytes(made: MadeMedia, tmp_path: Path) -> None:
    for name in ("late_sound.mp4", "conforming.mp4"):
        once, again = (run(made(name), tmp_path / name / turn) for turn in ("1", "2"))
        assert once[1].read_bytes() == again[1].read_bytes()
        assert once[2].read_bytes() == again[2].read_bytes()


def test_sound_alone_has_nothing_to_normalize(media: Path, tmp_path: Path) -> None:
    source = media / "odd" / "audio_only.m4a"
    made = normalize(source, probe(source), PARAMS, tmp_path, silent)
    assert (made.video, made.video_path, made.proxy_path) == (None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_what_was_lost_is_said(media: Path, made: MadeMedia, tmp_path: Path) -> None:
    cut, _, _ = run(media / "odd" / "truncated_faststart_50pct.mp4", tmp_path / "cut")
    assert any("states 10.0 s but only 4.1 s" in warning for warning in cut.warnings)
    flipped, whole, _ = run(made("bitflips.mp4"), tmp_path / "flipped")
    assert flipped.duration == pytest.approx(30, abs=0.5)
    assert any("could not be decoded" in warning for warning in flipped.warnings)
    assert any("may show damage" in warning for warning in flipped.warnings)
    assert len(pictures(whole, size=(16, 16))) == flipped.frames


@pytest.mark.parametrize("name", ["video/counter.mp4", "odd/audio_late_1500ms.mp4"])
def test_a_sound_file_warns_of_nothing(media: Path, tmp_path: Path, name: str) -> None:
    assert run(media / name, tmp_path)[0].warnings == ()


@pytest.mark.parametrize(
    "name", ["-i.mp4", 'it\'s "so".mp4', "line\nbreak.mp4", "視頻 ünï.mp4", "a%20b:c?.mp4"]
)
def test_any_file_name_is_safe(media: Path, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    shutil.copy(media / "odd" / "no_audio.mp4", source)
    assert run(source, tmp_path / f"out {name}")[0].frames == 154


def test_progress_counts_seconds_up_to_the_whole(media: Path, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    source = media / "video" / "voicestudio-en.mp4"
    normalize(source, probe(source), PARAMS, tmp_path, lambda *at: seen.append(at))
    assert len(seen) > 2
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (11.4, 11.4)


def test_cancelling_leaves_nothing_behind(media: Path, tmp_path: Path) -> None:
    def cancel(done: float, total: float) -> None:
        raise CancelledError("stop")

    source = media / "video" / "sintel-trailer-30s.mp4"
    with pytest.raises(CancelledError):
        normalize(source, probe(source), PARAMS, tmp_path, cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(media: Path, tmp_path: Path) -> None:
    source = media / "odd" / "no_audio.mp4"
    (tmp_path / "proxy.mp4").symlink_to("/dev/full")
    with pytest.raises(NoSpaceError, match="disk is full"):
        normalize(source, probe(source), PARAMS, tmp_path, silent)
    assert not (tmp_path / "normalized.mp4").exists()


def test_a_folder_that_cannot_be_written(media: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    source = media / "odd" / "no_audio.mp4"
    with pytest.raises(PermissionDeniedError, match="out cannot be written"):
        normalize(source, probe(source), PARAMS, tmp_path / "out", silent)


def test_a_source_that_turns_bad_after_its_probe(
    media: Path, made: MadeMedia, tmp_path: Path
) -> None:
    source = media / "odd" / "single_frame.mp4"
    stale: Probe = replace(probe(source), duration=None)
    with pytest.raises(UnsupportedMediaError, match=r"wiped\.mp4 is damaged"):
        normalize(made("wiped.mp4"), stale, PARAMS, tmp_path, silent)


@pytest.mark.slow
@pytest.mark.skipif(nvenc.works(), reason="NVENC works on this machine")
def test_where_nvenc_fails_x264_makes_the_same_as_ever_and_it_is_said(
    media: Path, tmp_path: Path
) -> None:
    source = media / "video" / "counter.mp4"
    bytes_of = {}
    for encoder in ("x264", "nvenc", "auto"):
        folder = tmp_path / encoder
        folder.mkdir()
        params = NormalizeParams(encoder=encoder)  # type: ignore[arg-type]
        made = normalize(source, probe(source), params, folder, silent)
        assert made.video is not None
        assert made.video.warnings == ((NVENC_FAILED,) if encoder == "nvenc" else ())
        bytes_of[encoder] = (folder / "normalized.mp4").read_bytes()
    assert bytes_of["nvenc"] == bytes_of["auto"] == bytes_of["x264"]


def test_auto_takes_the_encoder_that_works_on_this_machine() -> None:
    expected = "nvenc" if nvenc.works() else "x264"
    assert resolve_encoder(NormalizeParams(encoder="auto")).encoder == expected
    assert resolve_encoder(NormalizeParams(encoder="nvenc")).encoder == "nvenc"


@pytest.mark.skipif(nvenc.works(), reason="NVENC works on this machine")
def test_a_damaged_source_is_blamed_on_the_source_and_not_on_nvenc(
    made: MadeMedia, media: Path, tmp_path: Path
) -> None:
    known = probe(media / "odd" / "single_frame.mp4")
    with pytest.raises(UnsupportedMediaError, match="no frame can be decoded"):
        normalize(made("wiped.mp4"), known, NormalizeParams(encoder="nvenc"), tmp_path, silent)


def test_a_filter_that_fails_is_not_called_damage_of_the_file(media: Path, tmp_path: Path) -> None:
    """Tone mapping of a file without any colour tags is refused by the filter."""
    source = media / "video" / "counter.mp4"
    found = probe(source)
    assert found.video is not None
    wrong = replace(found, video=replace(found.video, hdr=True))
    with pytest.raises(
        ProcessError, match=r"counter\.mp4 can be decoded, but .*no path between colo"
    ):
        normalize(source, wrong, PARAMS, tmp_path, silent)


def test_the_first_picture_is_held_until_the_video_begins(
    media: Path, made: MadeMedia, tmp_path: Path
) -> None:
    video, whole, proxy = run(made("late_picture.mp4"), tmp_path)
    originals = pictures(media / "video" / "voicestudio-en.mp4", size=SMALL)
    for path in (whole, proxy):
        shown = pictures(path, size=SMALL)
        for n in (0, 60, 119, 120):
            assert np.abs(shown[n].luma - originals[0].luma).mean() < 1
        assert np.abs(shown[120 + 90].luma - originals[75].luma).mean() < 1
    assert video.warnings == ()


def test_the_last_picture_is_held_while_the_sound_goes_on(made: MadeMedia, tmp_path: Path) -> None:
    """By the header's durations, and where it states none."""
    for name, seconds in (("cover.mp4", 44.37), ("cover_live.mkv", 5.05)):
        video, whole, proxy = run(made(name), tmp_path / name)
        assert video.duration == pytest.approx(seconds, abs=FRAME)
        assert video.warnings == ()
        assert len(sound(whole)) / 48_000 == pytest.approx(seconds, abs=0.1)
        for path in (whole, proxy):
            shown = pictures(path, size=(16, 16))
            assert np.abs(shown[-1].luma - shown[0].luma).max() < 4


def test_a_recording_that_grows_is_as_large_as_it_becomes(
    media: Path, made: MadeMedia, tmp_path: Path
) -> None:
    _, whole, _ = run(made("growing.ts"), tmp_path)
    page = cv2.imread(str(media / "pages" / "login_flat.png"), cv2.IMREAD_GRAYSCALE)
    page = cv2.resize(page, (1280, 720), interpolation=cv2.INTER_CUBIC)
    shown = pictures(whole)
    assert np.abs(shown[30].luma - shown[80].luma).mean() < 1, "white at first"
    assert likeness(page.astype(float), shown[200].luma) > 0.9


def test_what_the_container_crops_is_gone_and_nothing_is_stretched(
    made: MadeMedia, tmp_path: Path
) -> None:
    _, whole, _ = run(made("cropped.mkv"), tmp_path)
    plain = pictures(made("uncropped.mkv"))[0].luma[60:300]
    shown = pictures(whole)[0].luma
    assert shown.shape == plain.shape == (240, 640)
    assert likeness(plain, shown) > 0.95


@pytest.mark.parametrize("name", ["10_channels.wav", "6_channels.wav"])
def test_a_player_hears_the_channel_that_speaks(
    media: Path, made: MadeMedia, tmp_path: Path, name: str
) -> None:
    source = tmp_path / "film.mov"
    arguments = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=30:d=11", "-i", str(made(name))]
    ffmpeg([*arguments, "-c:v", "libx264", "-c:a", "copy"], source)
    chosen = choose_audio(source, probe(source), None, tmp_path / "survey", silent)
    normalize(source, chosen, PARAMS, tmp_path, silent)
    heard = sound(tmp_path / "normalized.mp4", rate=16_000)
    speech = sound(media / "speech" / "jfk.flac", rate=16_000)
    length = min(len(heard), len(speech))
    assert np.corrcoef(heard[:length], speech[:length])[0, 1] > 0.9
