"""``index``: sources, exit codes and answers for programs."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("prefect_api", "models_dir")


def test_a_folder_without_media(reelworks, tmp_path):
    assert reelworks("index", str(tmp_path)).code == 3


def test_a_name_that_is_not_utf8_is_one_sentence(reelworks, tmp_path):
    said = reelworks("index", bytes(tmp_path) + b"/\xff.mp4", "--json")

    assert said.code == 3
    assert ".mp4 does not exist" in said.json[0]["error"]["message"]


@pytest.mark.slow
def test_one_bad_file_of_two_ends_with_7_and_the_other_is_ready(reelworks, media, tmp_path):
    (tmp_path / "bad [red]one.mp4").write_bytes((media / "odd" / "text.mp4").read_bytes())
    (tmp_path / "good.m4a").write_bytes((media / "odd" / "audio_only.m4a").read_bytes())

    said = reelworks("index", str(tmp_path), "--json")

    assert said.code == 7, said.err
    bad, good = said.json
    assert (bad["status"], bad["video_id"]) == ("failed", None)
    assert bad["error"]["code"] == "unsupported_media"
    assert "bad [red]one.mp4" in bad["error"]["message"]
    assert (good["status"], good["error"]) == ("ready", None)
    assert {stage["state"] for stage in good["stages"]} == {"done"}

    statuses = {one["id"]: one["status"] for one in reelworks("list", "--json").json["videos"]}
    assert statuses[good["video_id"]] == "ready"
    assert sorted(statuses.values()) == ["failed", "ready"]

    again = reelworks("index", str(tmp_path / "good.m4a"))
    assert again.code == 0
    assert f"Ready: {good['video_id']} in " in again.out
    assert "cached" in again.out
    assert "done" not in again.out


@pytest.mark.slow
def test_every_bad_source_ends_with_the_first_one_s_code(reelworks, tmp_path):
    said = reelworks("index", str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4"), "--json")

    assert said.code == 3
    assert [one["error"]["code"] for one in said.json] == ["source_not_found"] * 2


@pytest.mark.slow
def test_the_audio_track_is_chosen_and_named_in_the_notes(reelworks, made):
    source = str(made("second_track_speaks.mkv"))

    refused = reelworks("index", source, "--id", "obs", "--audio-track", "3")
    silent = reelworks("index", source, "--id", "obs", "--audio-track", "1")
    shown = reelworks("show", "obs")

    assert refused.code == 3
    assert "has 2 audio tracks, so there is no audio track 3" in refused.out + refused.err
    assert silent.code == 0, silent.err
    assert "Note: Audio track 1 was chosen by the user." in shown.out
    assert "your country" not in shown.out


def test_a_track_below_one_is_a_mistake_of_use(reelworks):
    said = reelworks("index", "a.mkv", "--audio-track", "0")

    assert said.code == 2
    assert "audio-track" in said.err
