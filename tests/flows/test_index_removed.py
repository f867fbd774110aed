"""A video that is deleted while it is indexed is gone afterwards."""

from __future__ import annotations

import pytest

from reelworks.errors import UnknownVideoError
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.library.removal import remove_video
from reelworks.store.library.video_reads import list_videos
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.runs import Recorder


class Deleter(Recorder):
    """Deletes the video as soon as a stage of its video track begins."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.engine = create_database_engine(settings)
        self.store = ArtifactStore.open(settings)

    def started(self, stage: str) -> None:
        super().started(stage)
        if stage == "frames":
            remove_video(self.engine, self.store, "doomed")


@pytest.mark.slow
async def test_nothing_comes_back(index, environment, media):
    deleter = Deleter(environment)

    run = await index(media / "odd" / "no_audio.mp4", "doomed", deleter)

    assert isinstance(run.error, UnknownVideoError)
    assert list_videos(deleter.engine) == []
    assert list(deleter.store.keys("")) == []
    deleter.engine.dispose()
