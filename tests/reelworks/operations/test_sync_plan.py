"""Plans of syncs, by hand: unreadable folders, copies that change, and what is skipped."""

from __future__ import annotations

from collections.abc import Mapping

from reelworks.domain.jobs.sync import Arrival, Move
from reelworks.operations.backfill.scanned_files import Scan, ScannedFile, Skip
from reelworks.operations.backfill.source_listing import FileEntry, Listing
from reelworks.operations.sync_plan import Survey, ids_of_files, plan_sync
from reelworks.store.library.source_entries import SeenSource
from reelworks.store.library.work_history import VideoFacts


def file(name: str, sha256: str | None, stamp: str = "1", skip: Skip | None = None) -> ScannedFile:
    return ScannedFile(FileEntry(name, 5, stamp), sha256, 1.0, "Odd." if skip else None, skip)


def seen(name: str, sha256: str | None, video_id: str, stamp: str = "1") -> SeenSource:
    return SeenSource(name, "/f", 5, stamp, sha256, 1.0, video_id)


def survey(
    found: list[ScannedFile],
    known: list[SeenSource],
    *,
    facts: Mapping[str, VideoFacts] | None = None,
    unreadable: Mapping[str, str] | None = None,
) -> Survey:
    scan = Scan(
        Listing([one.listed for one in found], dict(unreadable or {})),
        tuple(one for one in found if one.skip is None),
        tuple(one for one in found if one.skip is not None),
    )
    return Survey("/f", "default", scan, {one.locator: one for one in known}, facts or {})


def test_what_lies_under_an_unreadable_folder_is_neither_gone_nor_moved() -> None:
    known = [
        seen("/f/x/a.mp4", "aa", "a"),
        seen("/f/b.mp4", "bb", "b"),
        seen("/f/c.mp4", "cc", "c"),
    ]
    found = [file("/f/copy.mp4", "aa"), file("/f/c.mp4", "cc")]
    plan = plan_sync(survey(found, known, unreadable={"/f/x": "Permission denied"}))
    assert plan.gone == ("/f/b.mp4",)
    assert plan.copies == (Arrival("/f/copy.mp4", "a"),), "the one under x may still be there"
    assert (plan.moved, plan.new, plan.same) == ((), (), 1)
    assert plan.notes == (
        "/f/x cannot be read: Permission denied. What the library has of it stays as it is.",
    )


def test_a_skipped_file_is_neither_new_nor_changed_nor_gone() -> None:
    found = [
        file("/f/new.mp4", None, skip=Skip.UNFINISHED),
        file("/f/known.mp4", None, "2", skip=Skip.UNREADABLE),
    ]
    plan = plan_sync(survey(found, [seen("/f/known.mp4", "aa", "a")]))
    assert (plan.new, plan.changed, plan.gone, plan.moved) == ((), (), (), ())
    assert len(plan.notes) == 2


def test_a_copy_that_changes_leaves_the_video_to_the_other() -> None:
    known = [seen("/f/one.mp4", "aa", "v"), seen("/f/two.mp4", "aa", "v")]
    found = [file("/f/one.mp4", "bb", "2"), file("/f/two.mp4", "aa")]
    plan = plan_sync(survey(found, known))
    assert plan.changed == ()
    (new,) = plan.new
    assert new.locator == "/f/one.mp4" and new.video_id != "v"


def test_a_file_was_renamed_and_another_took_its_name() -> None:
    known = [seen("/f/a.mp4", "aa", "v")]
    found = [file("/f/a.mp4", "bb", "2"), file("/f/z.mp4", "aa")]
    facts = {"aa": VideoFacts("v", "default", "ready", True, "/f/a.mp4", "aa", 1.0, None)}
    plan = plan_sync(survey(found, known, facts=facts))
    assert plan.copies == (Arrival("/f/z.mp4", "v"),)
    (new,) = plan.new
    assert new.locator == "/f/a.mp4" and new.video_id != "v"
    assert (plan.changed, plan.gone) == ((), ())


def test_both_places_at_once_may_move() -> None:
    known = [seen("/f/one.mp4", "aa", "v"), seen("/f/two.mp4", "aa", "v")]
    survey_ = survey([file("/f/x.mp4", "aa"), file("/f/y.mp4", "aa")], known)
    plan = plan_sync(survey_)
    assert len(plan.moved) == 1
    assert plan.gone == ()
    assert set(ids_of_files(plan, survey_).values()) == {"v"}


def test_one_of_two_places_is_gone() -> None:
    known = [seen("/f/one.mp4", "aa", "v"), seen("/f/two.mp4", "aa", "v")]
    plan = plan_sync(survey([file("/f/two.mp4", "aa")], known))
    assert plan.gone == ()
    assert plan.copies_gone == (Move("/f/one.mp4", "/f/two.mp4", "v"),)


def test_objects_of_one_tag_and_size_are_one_video() -> None:
    found = [file("s3://b/one.mp4", None, "tag"), file("s3://b/two.mp4", None, "tag")]
    plan = plan_sync(survey(found, []))
    assert len(plan.new) == 1
    assert plan.copies == (Arrival("s3://b/two.mp4", plan.new[0].video_id),)
