"""Reciprocal rank fusion: several ranked lists of rows become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reelworks.domain.library.search import Kind, RankSource, Reason
from reelworks.store.search.rankers import Ranked

K = 60
"""Constant of reciprocal rank fusion: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion
outperforms Condorcet and individual rank learning methods", SIGIR 2009."""


@dataclass
class FusedRow:
    """A row that at least one list has."""

    kind: Kind
    rank_sources: list[RankSource] = field(default_factory=list)
    """The lists that have it, the one with the best rank first."""

    @property
    def score(self) -> float:
        """Sum of 1 / (K + rank) over its lists."""
        return sum(1 / (K + one.rank) for one in self.rank_sources)


class RankFusion:
    """Adds up ranked lists."""

    def __init__(self) -> None:
        self._rows: dict[str, FusedRow] = {}

    def __len__(self) -> int:
        """How many rows the lists have together."""
        return len(self._rows)

    def add(self, entries: Sequence[Ranked], reason: Reason, model: str | None = None) -> None:
        """Add a list, best entry first; ``model`` is the embedding model of one by meaning."""
        for rank, entry in enumerate(entries, start=1):
            source = RankSource(reason, entry.kind, rank, model, entry.similarity)
            self._rows.setdefault(entry.id, FusedRow(entry.kind)).rank_sources.append(source)

    def best(self, limit: int) -> list[tuple[str, FusedRow]]:
        """Return up to ``limit`` rows with their ids, the highest score first.

        A row's kind is that of its best list by words or spelling, where it is in one: a list by
        meaning only tells frames with a caption from those without.
        """
        for one in self._rows.values():
            one.rank_sources.sort(key=lambda source: source.rank)
            literal = [source for source in one.rank_sources if source.reason is not Reason.MEANING]
            one.kind = (literal or one.rank_sources)[0].kind
        ranked = sorted(self._rows.items(), key=lambda item: (-item[1].score, item[0]))
        return ranked[:limit]
