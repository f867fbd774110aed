"""Forms of the pages become queries of the API."""

from __future__ import annotations

import pytest
from fastapi.exceptions import RequestValidationError

from reelworks.app.api.schemas.queries import JobQuery, SearchQuery, VideoQuery
from reelworks.app.web.page_route import parse_form


def test_empty_fields_count_as_not_given_and_unknown_ones_are_ignored():
    pairs = [("library", ""), ("title", "  team "), ("which", "ticked"), ("status", "   ")]

    assert parse_form(VideoQuery, pairs) == VideoQuery(title="team")


def test_a_field_that_is_a_list_takes_all_its_values_and_another_one_the_last():
    query = parse_form(
        JobQuery, [("status", "failed"), ("status", "done"), ("kind", "a"), ("kind", "index")]
    )

    assert query == JobQuery(status=["failed", "done"], kind="index")


def test_fields_are_read_by_their_public_names():
    query = parse_form(SearchQuery, [("q", "fish"), ("in", "speech"), ("within", "text")])

    assert [one.value for one in query.within] == ["speech"]


def test_an_invalid_value_names_its_field():
    with pytest.raises(RequestValidationError) as refused:
        parse_form(VideoQuery, [("library", "No Such")])

    assert refused.value.errors()[0]["loc"] == ("query", "library")
