"""Who may change a video or a job: the user that added it, and admins."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.job import NewJob
from reelworks.domain.library.access import LOCAL, Caller
from reelworks.errors import ForbiddenError, UnknownVideoError
from reelworks.operations.ownership import (
    check_is_own,
    check_may_change,
    check_may_retry,
    check_own_job,
    require_admin,
)
from reelworks.operations.services import Services
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.ownership import VideoWishes
from reelworks.store.library.video_writes import NewVideo, add_video
from tests.support.submissions import ANN, BOB, URL

OTHER = "https://93.184.215.14/other.mp4"
SAME = VideoWishes(URL, "default", None)


@pytest.fixture(autouse=True)
def talk(library: Services) -> None:
    """Ann's video."""
    add_video(library.engine, NewVideo("talk", URL, "The talk", added_by="ann"))


@pytest.mark.parametrize("caller", [ANN, LOCAL])
def test_the_owner_and_admins_may_change_everything(library: Services, caller: Caller) -> None:
    check_is_own(library.engine, caller, "talk")
    check_may_change(library.engine, caller, "talk", VideoWishes(OTHER, "films", "de"), bucket="b")


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        (VideoWishes(source=OTHER), "source"),
        (VideoWishes(library="films"), "library"),
        (VideoWishes(language="de"), "language"),
        (VideoWishes(OTHER, "films", "de"), "source or library or language"),
    ],
)
def test_others_may_change_nothing_and_are_told_what(
    library: Services, wishes: VideoWishes, named: str
) -> None:
    with pytest.raises(ForbiddenError, match=f"its {named}\\."):
        check_may_change(library.engine, BOB, "talk", wishes, bucket="b")


def test_a_request_that_repeats_what_is_there_is_no_change(library: Services) -> None:
    check_may_change(library.engine, BOB, "talk", SAME, bucket="b")
    with pytest.raises(ForbiddenError, match="source"):
        check_is_own(library.engine, BOB, "talk")


def test_a_video_that_is_not_there_is_named(library: Services) -> None:
    for check in (
        lambda: check_is_own(library.engine, ANN, "nope"),
        lambda: check_may_change(library.engine, ANN, "nope", SAME, bucket="b"),
    ):
        with pytest.raises(UnknownVideoError, match="nope"):
            check()


def test_a_job_is_its_requester_s_and_repeats_no_change_of_another_s_video(
    library: Services,
) -> None:
    mine, moving = add_jobs(
        library.engine,
        [
            NewJob("mine", "talk", params={"source": URL}, requested_by="bob"),
            NewJob("moving", "talk", params={"source": OTHER}, requested_by="bob"),
        ],
    )
    check_own_job(mine, BOB)
    check_own_job(mine, LOCAL)
    with pytest.raises(ForbiddenError, match="another caller"):
        check_own_job(mine, ANN)

    check_may_retry(library.engine, BOB, mine, bucket="b")
    check_may_retry(library.engine, LOCAL, moving, bucket="b")
    with pytest.raises(ForbiddenError, match="source"):
        check_may_retry(library.engine, BOB, moving, bucket="b")


def test_a_right_of_admins_is_named() -> None:
    require_admin(LOCAL, "pauses and resumes")
    with pytest.raises(ForbiddenError, match="the scope admin, which pauses and resumes"):
        require_admin(ANN, "pauses and resumes")
