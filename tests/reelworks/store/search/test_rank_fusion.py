"""Ranked lists are fused by rank, not by score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.search import Kind, RankSource, Reason
from reelworks.store.search.rank_fusion import K, RankFusion
from reelworks.store.search.rankers import Ranked

lists = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=5)


def ranked(ids: str | list[str], kind: Kind = Kind.TEXT) -> list[Ranked]:
    return [Ranked(row_id, kind) for row_id in ids]


def test_lists_that_agree_go_before_a_single_first_rank() -> None:
    fusion = RankFusion()
    fusion.add(ranked("ab"), Reason.WORDS)
    fusion.add(ranked("cb"), Reason.SIMILAR_SPELLING)
    best = fusion.best(9)
    assert [row_id for row_id, _ in best] == ["b", "a", "c"]
    assert best[0][1].score == pytest.approx(2 / (K + 2))
    assert len(fusion) == 3
    assert [row_id for row_id, _ in fusion.best(1)] == ["b"]


def test_the_best_rank_comes_first_and_words_say_what_kind_it_is() -> None:
    fusion = RankFusion()
    fusion.add([Ranked("a", Kind.PICTURE, 0.9)], Reason.MEANING, "local/m")
    fusion.add(ranked("xa"), Reason.WORDS)
    ((_, row),) = [item for item in fusion.best(9) if item[0] == "a"]
    assert row.kind is Kind.TEXT
    assert row.rank_sources == [
        RankSource(Reason.MEANING, Kind.PICTURE, 1, "local/m", 0.9),
        RankSource(Reason.WORDS, Kind.TEXT, 2, None, None),
    ]


@given(lists)
def test_every_row_is_there_once_and_scores_descend(found: list[list[str]]) -> None:
    fusion = RankFusion()
    for one in found:
        fusion.add(ranked(one), Reason.WORDS)
    best = fusion.best(100)
    assert {row_id for row_id, _ in best} == {row_id for one in found for row_id in one}
    assert len(best) == len(fusion)
    assert [(-row.score, row_id) for row_id, row in best] == sorted(
        (-row.score, row_id) for row_id, row in best
    )


@given(lists)
def test_the_order_of_the_lists_does_not_matter(found: list[list[str]]) -> None:
    one, other = RankFusion(), RankFusion()
    for entries in found:
        one.add(ranked(entries), Reason.WORDS)
    for entries in reversed(found):
        other.add(ranked(entries), Reason.WORDS)
    assert {row_id: row.score for row_id, row in one.best(100)} == pytest.approx(
        {row_id: row.score for row_id, row in other.best(100)}
    )
