"""Cuts are found within one frame, and the scenes cover the whole film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.scene import Scene
from reelworks.errors import UnsupportedMediaError
from reelworks.models.shots.transnet import TransNetShotDetector
from reelworks.stages.frames.scenes import SceneParams, choose_cuts, detect_scenes, tile_scenes
from tests.support.made_slides import DECK, normalized, show, slide

ONE_FRAME = 1 / 30 + 1e-6
Film = Callable[[str], tuple[Path, Path]]


def cuts_of(source: Path, folder: Path, **params: object) -> list[float]:
    _, proxy = normalized(source, folder)
    return cuts_seen(proxy, **params)


def cuts_seen(proxy: Path, **params: object) -> list[float]:
    scenes = detect_scenes(proxy, SceneParams(**params), silent)  # type: ignore[arg-type]
    assert_tiled(scenes)
    return [scene.t_start for scene in scenes[1:]]


def assert_tiled(scenes: tuple[Scene, ...]) -> None:
    assert [scene.index for scene in scenes] == list(range(len(scenes)))
    assert scenes[0].t_start == 0.0
    for one, following in pairwise(scenes):
        assert one.t_start < one.t_end == following.t_start


def missed(truth: list[float], found: list[float]) -> list[float]:
    return [t for t in truth if all(abs(t - other) > ONE_FRAME for other in found)]


# Cuts from ground_truth.json, in seconds, and how many more the film profile may report.
FILMS = {
    "sintel-trailer-30s.mp4": ([n / 24 for n in (286, 348, 372, 523, 573, 610)], 2),
    "testvideo.mp4": ([n * 1001 / 30000 for n in (30, 180, 394)], 0),
    "nasa_13013.mp4": ([8.0], 0),
    "voicestudio-en.mp4": ([], 0),
}


@pytest.mark.parametrize("name", FILMS)
def test_every_known_cut_is_found_and_few_others(film: Film, name: str) -> None:
    truth, extras = FILMS[name]
    found = cuts_seen(film(name)[1], profile="film")
    assert missed(truth, found) == []
    assert len(found) - len(truth) <= extras


@pytest.mark.parametrize("name", FILMS)
def test_auto_keeps_the_film_cuts(film: Film, name: str) -> None:
    assert missed(FILMS[name][0], cuts_seen(film(name)[1])) == []


@pytest.mark.slow
def test_transnet_finds_hard_cuts_within_one_frame_and_a_dissolve_besides(
    media: Path, tmp_path: Path, models_dir: Path
) -> None:
    pytest.importorskip("torch", reason="the extra cuda is not installed")
    _, proxy = normalized(media / "video" / "nasa_13013.mp4", tmp_path)
    shots = TransNetShotDetector(models_dir, threads=1)
    scenes = detect_scenes(proxy, SceneParams(profile="film"), silent, shots=shots)
    assert_tiled(scenes)
    dissolve, cut = (scene.t_start for scene in scenes[1:])
    assert cut == pytest.approx(8.0, abs=ONE_FRAME)
    assert 5.0 <= dissolve <= 5.6


def test_another_detector_gets_every_picture_in_its_size_and_time(
    media: Path, tmp_path: Path
) -> None:
    _, proxy = normalized(media / "video" / "counter.mp4", tmp_path)
    watch = EverySecond()
    scenes = detect_scenes(proxy, SceneParams(profile="film"), silent, shots=watch)
    assert [scene.t_start for scene in scenes] == [0.0, 1.0, 2.0]
    assert watch.seen == pytest.approx([n / 30 for n in range(90)], abs=1e-4)
    watch.seen.clear()
    detect_scenes(proxy, SceneParams(profile="screencast"), silent, shots=watch)
    assert watch.seen == []


class EverySecond:
    """A detector for which a shot begins with every second."""

    model = ModelRef("test", "every-second")
    frame_size = (12, 7)

    def __init__(self) -> None:
        self.seen: list[float] = []

    @contextmanager
    def watching(self) -> Iterator[EverySecond]:
        yield self

    def feed(self, t: float, rgb: bytes) -> None:
        assert len(rgb) == 12 * 7 * 3
        self.seen.append(t)

    def cuts(self) -> list[float]:
        return [1.0, 2.0]


def test_a_background_that_changes_colour_is_a_cut_even_at_ten_pictures_a_second(
    film: Film,
) -> None:
    # The upstream table lists none, since its shortest scene is 15 frames: 1.5 s at this rate.
    assert cuts_seen(film("counter.mp4")[1], profile="film") == [1.0, 2.0]


@pytest.mark.parametrize(("rate", "dark"), [(30, False), (1, True)])
def test_each_new_slide_is_a_scene(tmp_path: Path, dark: bool, rate: int) -> None:
    deck = [(slide(title, lines, dark=dark), 2.0) for title, lines in DECK]
    _, proxy = normalized(show(tmp_path / "deck.mp4", deck, rate=rate), tmp_path)
    assert cuts_seen(proxy) == pytest.approx([2.0, 4.0, 6.0], abs=ONE_FRAME)
    assert cuts_seen(proxy, profile="film") == []


@pytest.mark.parametrize("dark", [False, True])
def test_lines_that_appear_by_and_by_are_no_new_scene(tmp_path: Path, dark: bool) -> None:
    steps = [
        (slide(title, lines[:shown], dark=dark), 1.0)
        for title, lines in DECK[1:3]
        for shown in range(len(lines) + 1)
    ]
    found = cuts_of(show(tmp_path / "build.mp4", steps), tmp_path)
    assert found == pytest.approx([4.0], abs=ONE_FRAME)


def test_a_picture_that_never_changes_is_one_scene(tmp_path: Path) -> None:
    assert cuts_of(show(tmp_path / "still.mp4", [(slide(*DECK[0]), 5.0)]), tmp_path) == []


def test_one_frame_is_one_scene(media: Path, tmp_path: Path) -> None:
    _, proxy = normalized(media / "odd" / "single_frame.mp4", tmp_path)
    (scene,) = detect_scenes(proxy, SceneParams(), silent)
    assert scene == Scene(0, 0.0, pytest.approx(1 / 30, abs=1e-4))


def test_progress_counts_seconds_up_to_the_end(film: Film) -> None:
    _, proxy = film("counter.mp4")
    reports: list[tuple[float, float]] = []
    detect_scenes(proxy, SceneParams(), lambda done, total: reports.append((done, total)))
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert reports[-1] == (pytest.approx(3.0), pytest.approx(3.0))


def test_a_file_that_is_no_video_is_named(media: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match=r"text\.mp4"):
        detect_scenes(media / "odd" / "text.mp4", SceneParams(), silent)


times = st.lists(st.floats(0, 60, allow_nan=False), max_size=40)


@given(film=times, screen=times, duration=st.floats(0.03, 60))
def test_scenes_tile_any_duration_and_none_is_too_short(
    film: list[float], screen: list[float], duration: float
) -> None:
    params = SceneParams()
    inside = [t for t in film if t < duration], [t for t in screen if t < duration]
    scenes = tile_scenes(choose_cuts(*inside, duration, params), duration)
    assert_tiled(scenes)
    assert scenes[-1].t_end == duration
    if len(scenes) > 1:
        shortest = min(scene.t_end - scene.t_start for scene in scenes)
        assert shortest >= params.min_scene_seconds - 1e-9
