"""Cache keys are those of existing libraries: another key would compute a whole library again."""

from __future__ import annotations

import pytest

from reelworks.domain.digest import ModelRef
from reelworks.pipeline import cache_keys
from reelworks.pipeline.spec import Stage, spec_of
from reelworks.pipeline.stage_cache import StageCall, StageResult
from reelworks.stages.frames.frame_selection import FrameParams
from reelworks.stages.frames.scenes import SceneParams
from reelworks.stages.source.normalize import NormalizeParams
from reelworks.stages.speech.transcribe import TranscribeParams
from reelworks.store.objects.artifacts import Artifact

MODEL = ModelRef("local", "m", "1")
SOURCE = "1" * 64


def result(digit: str, **sha256_of: str) -> StageResult:
    artifacts = {
        name: Artifact(key=name, sha256=digest * 64, size=1, etag="")
        for name, digest in sha256_of.items()
    }
    return StageResult(None, artifacts, digit * 64, None, True)


AUDIO = result("a", **{"audio.wav": "b"})
NORMALIZED = result("c", **{"proxy.mp4": "d"})
SCENES, FRAMES = result("e"), result("f")
CALLS: dict[str, StageCall] = {
    "b732607d5c8c95a76ce396eb13b01571d62b856e6bfd2efc8324d674b4ba1379": cache_keys.probe_call(
        SOURCE, "uploads/v_a.mp4", "v"
    ),
    "03edb59b82ec04fdd55db915d3946ebd6ef5c7cbc023da13852ec43129788c74": cache_keys.audio_call(
        "v", SOURCE
    ),
    "50594b4ba8e9f18dab801c80c826be63640a6621f7d2e1848dc1dfb75a2832d4": cache_keys.normalize_call(
        "v", SOURCE, NormalizeParams()
    ),
    "1507af750708624055b5aa570d446b41eddddf36e8ab3c077c9a67ddb44db1e6": cache_keys.transcript_call(
        "v", AUDIO, TranscribeParams(language="en"), MODEL
    ),
    "e54624374af651427ece190883c2a69b669177de5d3eb80d7b53b2391a3658b1": cache_keys.scenes_call(
        "v", NORMALIZED, SceneParams(), MODEL
    ),
    "ecb3aafe5a7978c88f459201fbd768e2e93f5fd9be9bced756abe0463584fb2a": cache_keys.frames_call(
        "v", NORMALIZED, SCENES, FrameParams()
    ),
    "ca67cad699ff4ca379761d69c996bf3e7a8c8a5c6db9e0425298c70ce54a7b8a": cache_keys.vision_call(
        "v", FRAMES, MODEL
    ),
    "021ec086272ac540a15212ae7913b6fdc7ed0bae448481a566964e3af125a6c7": cache_keys.vectors_call(
        "embed_speech", "v", ["a", "b"], MODEL
    ),
}
"""By the key that the release before the table gave; ``vision`` and ``transcribe`` are newer."""


@pytest.mark.parametrize(("key", "call"), CALLS.items(), ids=lambda one: getattr(one, "stage", ""))
def test_a_stage_has_the_key_that_it_had_before_the_table(key: str, call: StageCall) -> None:
    assert call.key == key
    assert call.video_id == "v"


def test_both_embedding_stages_share_their_vectors() -> None:
    texts = ["a", "b"]
    speech = cache_keys.vectors_call("embed_speech", "v", texts, MODEL)
    picture = cache_keys.vectors_call("embed_picture", "v", texts, MODEL)

    assert speech.key == picture.key
    assert speech.artifact_key("vectors.npy") != picture.artifact_key("vectors.npy")
    assert cache_keys.vectors_call("embed_speech", "v", ["ab"], MODEL).key != speech.key


def test_a_key_depends_on_inputs_parameters_and_model_but_not_on_the_video() -> None:
    def key(video_id="v", inputs=None, **more) -> str:
        return cache_keys.stage_call(
            Stage.VISION, video_id, inputs or {"frames": SOURCE}, **more
        ).key

    assert key() == key(video_id="w")
    others = [key(inputs={"frames": "2" * 64}), key(params={"most": 1}), key(model=MODEL)]
    assert len({key(), *others}) == 4


def test_name_version_type_and_files_come_from_the_table() -> None:
    spec = spec_of("frames")
    call = cache_keys.stage_call(Stage.FRAMES, "v", {})

    assert (call.stage, call.version, call.result_type) == ("frames", spec.version, spec.result)
    assert call.artifact_key("scene_000.jpg") == "frames/v/scene_000.jpg"


def test_a_video_without_the_track_still_has_a_key() -> None:
    nothing = result("a")
    assert cache_keys.scenes_call("v", nothing, SceneParams(), None).inputs == {"proxy": ""}
    silent = cache_keys.transcript_call("v", nothing, TranscribeParams(), MODEL)
    assert silent.inputs == {"audio": ""}
