"""Each scene gets its sharpest frame, exactly where it says, and equal ones are marked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.scene import Frame, Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.frames import pick_frames
from reelworks.stages.frames.scenes import SceneParams, detect_scenes, tile_scenes
from tests.support.made_slides import DECK, normalized, show, slide

PARAMS = FrameParams()
Film = Callable[[str], tuple[Path, Path]]


def frames_of(source: Path, folder: Path, cuts: list[float] | None = None) -> tuple[Frame, ...]:
    video, proxy = normalized(source, folder)
    found = detect_scenes(proxy, SceneParams(), silent)
    scenes = found if cuts is None else tile_scenes(cuts, found[-1].t_end)
    return pick_frames(video, proxy, scenes, PARAMS, folder, silent)


@pytest.mark.parametrize("name", ["sintel-trailer-30s.mp4", "nasa_13013.mp4"])
def test_every_scene_has_a_frame_inside_it(film: Film, tmp_path: Path, name: str) -> None:
    video, proxy = film(name)
    scenes = detect_scenes(proxy, SceneParams(), silent)
    frames = pick_frames(video, proxy, scenes, PARAMS, tmp_path, silent)
    assert [frame.scene_index for frame in frames] == [scene.index for scene in scenes]
    for frame, scene in zip(frames, scenes, strict=True):
        assert scene.t_start <= frame.t < scene.t_end
        data = (tmp_path / f"scene_{frame.index:03d}.jpg").read_bytes()
        assert hashlib.sha256(data).hexdigest() == frame.sha256
        with Image.open(tmp_path / f"scene_{frame.index:03d}.jpg") as picture:
            assert picture.size == (frame.width, frame.height)
        assert len(frame.phash) == 16


def test_the_picture_is_the_one_shown_at_its_time(film: Film, tmp_path: Path) -> None:
    video, proxy = film("sintel-trailer-30s.mp4")
    scenes = detect_scenes(proxy, SceneParams(), silent)
    frames = pick_frames(video, proxy, scenes, PARAMS, tmp_path, silent)
    with av.open(str(video)) as container:
        shown = {
            round(float(f.time), 4): f.to_ndarray(format="bgr24") for f in container.decode(video=0)
        }
    for frame in frames[1:]:
        saved = cv2.imread(str(tmp_path / f"scene_{frame.index:03d}.jpg"))
        differences = {
            t: float(cv2.absdiff(picture, saved).mean())
            for t, picture in shown.items()
            if abs(t - frame.t) < 0.11
        }
        # Black and resting shots hold equal frames: none may be nearer than the one named.
        assert differences[round(frame.t, 4)] == pytest.approx(min(differences.values()))


def test_the_same_input_gives_the_same_bytes(film: Film, tmp_path: Path) -> None:
    video, proxy = film("nasa_13013.mp4")
    scenes = (Scene(0, 0.0, 8.0), Scene(1, 8.0, 13.0))
    first = pick_frames(video, proxy, scenes, PARAMS, tmp_path / "a", silent)
    assert pick_frames(video, proxy, scenes, PARAMS, tmp_path / "b", silent) == first


def test_a_blurred_or_blank_stretch_is_avoided(tmp_path: Path) -> None:
    sharp = slide(*DECK[0])
    blank, soft = Image.new("RGB", sharp.size), sharp.filter(ImageFilter.GaussianBlur(8))
    source = show(tmp_path / "soft.mp4", [(blank, 1.0), (soft, 2.0), (sharp, 1.0), (blank, 1.0)])
    (frame,) = frames_of(source, tmp_path, cuts=[])
    assert 3.0 <= frame.t < 4.0


def test_a_slide_is_shown_with_all_its_lines(tmp_path: Path) -> None:
    title, lines = DECK[0]
    steps = [(slide(title, lines[:shown]), 1.0) for shown in range(len(lines) + 1)]
    (frame,) = frames_of(show(tmp_path / "build.mp4", steps), tmp_path)
    assert frame.t >= 3.0


def test_a_picture_that_comes_back_is_a_duplicate_of_the_first(tmp_path: Path) -> None:
    a, b = slide(*DECK[0]), slide(*DECK[2])
    source = show(tmp_path / "again.mp4", [(a, 1.5), (b, 1.5), (a, 1.5), (b, 1.5), (a, 1.5)])
    frames = frames_of(source, tmp_path)
    assert [frame.duplicate_of for frame in frames] == [None, None, 0, 1, 0]


def test_slides_with_one_layout_and_other_words_are_no_duplicates(tmp_path: Path) -> None:
    def price(number: str) -> Image.Image:
        return slide("Price list", [f"The small box costs {number} pounds", "Delivery is free"])

    source = show(tmp_path / "price.mp4", [(price(n), 2.0) for n in ("13", "18", "16")])
    frames = frames_of(source, tmp_path, cuts=[2.0, 4.0])
    distances = [int(frames[0].phash, 16) ^ int(other.phash, 16) for other in frames[1:]]
    assert all(d.bit_count() <= PARAMS.duplicate_distance for d in distances), "hashes cannot tell"
    assert [frame.duplicate_of for frame in frames] == [None, None, None]


def test_a_long_take_gets_several_frames(film: Film, tmp_path: Path) -> None:
    params = FrameParams(max_seconds_per_frame=5.0)
    take = tile_scenes([], 13.0)
    frames = pick_frames(*film("nasa_13013.mp4"), take, params, tmp_path, silent)
    assert [frame.scene_index for frame in frames] == [0, 0, 0]
    assert [int(frame.t // (13 / 3)) for frame in frames] == [0, 1, 2]


def test_one_frame_of_video_gives_one_frame(media: Path, tmp_path: Path) -> None:
    (frame,) = frames_of(media / "odd" / "single_frame.mp4", tmp_path)
    assert frame.t == 0.0


def test_a_video_shorter_than_its_proxy_is_an_error(film: Film, tmp_path: Path) -> None:
    (_, proxy), (short, _) = film("nasa_13013.mp4"), film("counter.mp4")
    with pytest.raises(UnsupportedMediaError, match=r"counter\.norm\.mp4 is shorter"):
        pick_frames(short, proxy, [Scene(0, 8.0, 13.0)], PARAMS, tmp_path, silent)


@settings(max_examples=2, deadline=None, derandomize=True)
@given(order=st.lists(st.sampled_from(range(len(DECK))), min_size=2, max_size=5))
def test_duplicates_point_back_to_the_first_of_their_kind(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    source = show(folder / "order.mp4", [(slide(*DECK[number]), 1.0) for number in order])
    frames = frames_of(source, folder, cuts=[float(n) for n in range(1, len(order))])
    firsts = [order.index(number) for number in order]
    expected = [None if first == n else first for n, first in enumerate(firsts)]
    assert [frame.duplicate_of for frame in frames] == expected
