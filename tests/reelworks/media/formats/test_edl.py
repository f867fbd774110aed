"""A cut list can be read back by a reader that knows only the CMX 3600 form."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.cuts import Cut, cuts_of
from reelworks.domain.library.search import Excerpt, Kind, Moment, SearchHit
from reelworks.errors import InputError
from reelworks.media.formats.edl import FPS, reel_names, timecode, to_edl

EVENT = re.compile(
    r"(\d{3})  ([A-Z0-9]{1,8}) +(B|V|A) +C +" + " ".join([r"(\d\d):(\d\d):(\d\d):(\d\d)"] * 4)
)


@dataclass
class Event:
    """What a reader takes from one event; times are frames."""

    number: int
    reel: str
    channels: str
    source: tuple[int, int]
    record: tuple[int, int]
    comments: dict[str, str]


def read(edl: str) -> tuple[str, list[Event]]:
    """An independent reader: line by line, as an editing program does it."""
    title, mode, *rest = edl.splitlines()
    assert mode == "FCM: NON-DROP FRAME"
    events: list[Event] = []
    for line in rest:
        if line.startswith("* "):
            name, _, text = line[2:].partition(": ")
            events[-1].comments[name] = text
        elif line:
            found = EVENT.fullmatch(line)
            assert found, line
            hours = [int(part) for part in found.groups()[3:]]
            codes = [hours[at : at + 4] for at in range(0, 16, 4)]
            assert all(m < 60 and s < 60 and f < FPS for _, m, s, f in codes)
            frames = [((h * 60 + m) * 60 + s) * FPS + f for h, m, s, f in codes]
            events.append(
                Event(
                    int(found[1]),
                    found[2],
                    found[3],
                    (frames[0], frames[1]),
                    (frames[2], frames[3]),
                    {},
                )
            )
    return title.removeprefix("TITLE: "), events


times = st.floats(0, 80_000, allow_nan=False)
cuts = st.lists(
    st.builds(
        lambda video, start, length, picture: Cut(
            video, f"Title of {video}", f"/in/{video}.mp4", start, start + length, picture, "said"
        ),
        st.sampled_from(["talk-0a1b2c3d", "talk-9a1b2c3d", "x", "news_2026-01-01", "nEws"]),
        times,
        st.floats(0, 60),
        st.booleans(),
    ),
    max_size=12,
)


@given(cuts)
def test_what_is_written_is_read_back_to_the_frame(wanted: list[Cut]) -> None:
    title, events = read(to_edl(wanted, "age of wisdom"))
    assert (title, len(events)) == ("age of wisdom", len(wanted))
    at = 3600 * FPS
    for number, (cut, event) in enumerate(zip(wanted, events, strict=True), start=1):
        start, end = event.source
        assert event.number == number
        assert event.channels == ("B" if cut.has_picture else "A")
        assert start <= cut.t_in * FPS + 1e-3 and cut.t_in * FPS < start + 1 + 1e-3
        assert end > start and end >= cut.t_out * FPS - 1e-3 and end - 1 < cut.t_out * FPS + 1
        assert event.record == (at, at + end - start)
        assert event.comments["SOURCE FILE"] == cut.source
        assert event.comments["VIDEO ID"] == cut.video_id
        at = event.record[1]
    reels = {cut.video_id: event.reel for cut, event in zip(wanted, events, strict=True)}
    assert len(set(reels.values())) == len(reels)


@given(st.lists(st.text("ab-_19", min_size=1, max_size=20), max_size=40))
def test_reel_names_are_legal_and_unique(ids: list[str]) -> None:
    names = reel_names(ids)
    assert set(names) == set(ids)
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch("[A-Z0-9]{1,8}", name) for name in names.values())


def test_the_whole_form() -> None:
    cut = Cut(
        "talk", "A talk\nin two lines", "/in/Talk.mp4", 61.5, 63.04, True, "the age of wisdom"
    )
    assert to_edl([cut], "wisdom").splitlines() == [
        "TITLE: wisdom",
        "FCM: NON-DROP FRAME",
        "",
        "001  TALK     B     C        00:01:01:15 00:01:03:02 01:00:00:00 01:00:01:17",
        "* FROM CLIP NAME: A talk in two lines",
        "* SOURCE FILE: /in/Talk.mp4",
        "* VIDEO ID: talk",
        "* SECONDS: 61.500 - 63.040",
        "* NOTE: the age of wisdom",
        "",
    ]


def test_what_the_form_cannot_hold_is_said() -> None:
    cut = Cut("v", "v", "v", 0, 1, True)
    with pytest.raises(InputError, match="999 cuts, not 1000"):
        to_edl([cut] * 1000, "many")
    with pytest.raises(InputError, match="24 hours"):
        to_edl([Cut("v", "v", "v", 86_399, 86_401, True)], "late")


def moment(start: float, end: float, duration: float | None) -> Moment:
    hit = SearchHit("v_segment_000", "v", "V", Kind.SPEECH, start, end, Excerpt("said"), (), 1.0,
                    None, None, "m")  # fmt: skip
    return Moment("v", "V", "default", "/v.mp4", duration, start, end, 1.0, (hit,))


def test_handles_stay_inside_the_video() -> None:
    first, second, third = cuts_of(
        [moment(1, 4, 10), moment(5, 9, 10), moment(5, 9, None)], handles=2
    )
    assert (first.t_in, first.t_out) == (0, 6)
    assert (second.t_in, second.t_out) == (3, 10)
    assert (third.t_out, third.has_picture) == (11, False)
    for wrong in (-1, 3601, float("nan")):
        with pytest.raises(InputError, match="out of range"):
            cuts_of([], handles=wrong)


@given(st.integers(0, 24 * 3600 * FPS - 1))
def test_a_timecode_counts_every_frame_once(frames: int) -> None:
    code = timecode(frames)
    assert re.fullmatch(r"\d\d:[0-5]\d:[0-5]\d:[0-2]\d", code)
    hours, minutes, seconds, frame = (int(part) for part in code.split(":"))
    assert ((hours * 60 + minutes) * 60 + seconds) * FPS + frame == frames


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_title_or_note_breaks_a_line(title: str, note: str) -> None:
    lines = to_edl([Cut("v", title, "/v.mp4", 0, 1, True, note)], title).split("\n")
    assert lines[0].startswith("TITLE: ") and lines[1] == "FCM: NON-DROP FRAME"
    assert all(line.startswith("* ") for line in lines[4:] if line)
