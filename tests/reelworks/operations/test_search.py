"""Search: by words alone when the query cannot be embedded, and moments as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from pydantic_core import to_jsonable_python

from reelworks.domain.library.search import SearchRequest
from reelworks.domain.video.vision import VisionResult
from reelworks.errors import ModelUnavailableError, ProviderUnavailableError
from reelworks.operations.search import NextPage, find, moment_json
from reelworks.operations.services import Services
from tests.support.published import EMBEDDED, TALK, described, publish_all


@pytest.fixture(autouse=True)
def talk(library: Services) -> None:
    publish_all(library.engine, "talk", TALK, described("alpha"))


@pytest.mark.parametrize("error", [ProviderUnavailableError("Busy."), ModelUnavailableError("No.")])
def test_a_model_that_does_not_answer_leaves_the_words(library: Services, error: Exception) -> None:
    def embed(query: str) -> Sequence[float]:
        raise error

    answer, note = find(library.engine, library.settings, SearchRequest("three"), {EMBEDDED: embed})
    assert [one.video_id for one in answer.moments] == ["talk"]
    assert note == f"Searched by words only, since the query could not be embedded: {error}"


def test_a_moment_as_json_has_its_hits_and_where_to_find_them(library: Services) -> None:
    answer, note = find(library.engine, library.settings, SearchRequest("three"), {})
    assert note is None
    found = json.loads(json.dumps(to_jsonable_python(moment_json(answer.moments[0]))))
    assert (found["video_id"], found["library"], found["kind"]) == ("talk", "default", "speech")
    assert found["hits"][0]["t_start"] == 2.0
    assert found["excerpt"]["text"] == "three"


def test_the_next_page_goes_by_the_cursor_alone(library: Services) -> None:
    for number in range(3):
        publish_all(library.engine, f"talk-{number}", TALK, VisionResult())
    first, _ = find(library.engine, library.settings, SearchRequest("three", limit=3), {})
    assert first.cursor is not None
    rest, _ = find(library.engine, library.settings, NextPage(first.cursor))
    found = {one.video_id for page in (first, rest) for one in page.moments}
    assert found == {"talk", "talk-0", "talk-1", "talk-2"}
