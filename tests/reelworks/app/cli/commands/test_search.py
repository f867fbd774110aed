"""``search`` with filters, pages, cut lists and similar frames."""

from __future__ import annotations

import json

import pytest

from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore


def test_frames_that_search_brings_here_are_closed_to_others(
    reelworks, library, clean_settings: Settings
):
    store = ArtifactStore.open(clean_settings)
    store.ensure_bucket()
    store.put_bytes("frames/talk-0/scene_000.jpg", b"jpeg", "image/jpeg")
    opened = clean_settings.data_dir / "frames"
    opened.mkdir(mode=0o755, parents=True)

    said = reelworks("search", "--like", "talk-1_frame_000", "--json")

    assert said.code == 0, said.err
    (picture,) = (clean_settings.data_dir / "frames" / "talk-0").iterdir()
    assert picture.read_bytes() == b"jpeg"
    assert {path.stat().st_mode & 0o077 for path in (opened, picture.parent)} == {0}


def test_a_misspelt_word_is_found_and_its_spelling_offered(reelworks, library):
    said = reelworks("search", "harbuor", "--json")

    assert said.code == 0, said.err
    assert "Did you mean 'harbour'?" in said.err
    assert {one["kinds"][0] for one in said.json} == {"speech"}


@pytest.mark.slow
def test_search_pages_filters_and_writes_cut_lists(reelworks, library, tmp_path):
    edl, cuts = tmp_path / "cuts.edl", tmp_path / "cuts.json"
    said = reelworks("search", "harbour", "--limit", "2", "--handles", "1", "--json",
                     "--edl", str(edl), "--cuts-json", str(cuts))  # fmt: skip
    assert said.code == 0, said.err
    assert len(said.json) == 2
    assert [line[:13] for line in edl.read_text().splitlines() if line[:3].isdigit()] == [
        f"00{number}  {one['video_id'].replace('-', '').upper():<8}"
        for number, one in enumerate(said.json, 1)
    ]
    assert [(one["t_in"], one["t_out"]) for one in json.loads(cuts.read_text())["cuts"]] == [
        (4.0, 9.0)
    ] * 2
    cursor = said.err.strip().rpartition(" ")[2]
    rest = reelworks("search", "--cursor", cursor, "--json").json
    assert {one["video_id"] for one in (*said.json, *rest)} == {"talk-0", "talk-1", "talk-2"}
    (only,) = reelworks("search", "harbour", "--library", "shelf1", "--json").json
    assert (only["video_id"], only["kinds"], only["hits"][0]["t_start"]) == (
        "talk-1",
        ["speech"],
        5.0,
    )


@pytest.mark.slow
def test_search_finds_frames_that_look_alike(reelworks, library):
    found = reelworks("search", "--like", "talk-0_frame_000", "--json").json
    assert [(one["video_id"], one["distance"]) for one in found] == [("talk-1", 1), ("talk-2", 1)]
    assert reelworks("search", "--like", "nobody").code == 3
    assert reelworks("search", "x", "--like", "y").code == 2
