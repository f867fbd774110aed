"""Ranked lists of one search: by words, by spelling and by meaning, fused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from reelworks.domain.library.search import Kind, Reason
from reelworks.store.search.embedding_models import EmbeddingModel
from reelworks.store.search.query_parser import ParsedQuery
from reelworks.store.search.rank_fusion import RankFusion
from reelworks.store.search.rankers import (
    PICTURE,
    SPEECH,
    TEXT,
    TITLE,
    ModelQuery,
    Source,
    Wanted,
    by_meaning,
    by_words,
)
from reelworks.store.search.search_filters import SearchScope, only_with
from reelworks.store.search.text_query import TextQuery, all_of, any_of, lexeme
from reelworks.store.search.vector_tables import Vectors
from reelworks.store.search.vocabulary import Spelling, spellings_of

PICTURE_KINDS = frozenset({Kind.PICTURE, Kind.TEXT})

Vector = Sequence[float] | None
"""A query's vector; None for a query that the model cannot read."""


class RankedLists:
    """Queries the ranked lists of one search and fuses them."""

    def __init__(
        self,
        connection: Connection,
        kinds: frozenset[Kind],
        scope: SearchScope,
        query: TextQuery,
        depth: int,
    ) -> None:
        """Search the rows of ``scope`` that are of ``kinds``, up to ``depth`` in each list."""
        self._connection = connection
        self._query = query
        self._speech = kinds & {Kind.SPEECH} if scope.speech else frozenset()
        self._frames = kinds & PICTURE_KINDS if scope.frames else frozenset()
        self._titles = kinds & {Kind.TITLE} if scope.titles else frozenset()
        self._wanted = {
            table: Wanted(query, rows, depth)
            for table, rows in (
                (SPEECH.table, scope.speech),
                (TEXT.table, scope.frames),
                (TITLE.table, scope.titles),
            )
            if rows is not None
        }
        self.fusion = RankFusion()
        self.wide = query.wide
        """The tsquery that marks what was found."""
        self.did_you_mean: str | None = None

    def add_words(self, parsed: ParsedQuery) -> None:
        """Add what has the words, or where nothing has them, what has words spelt like them."""
        for source in self._sources():
            found = by_words(self._connection, source, self._wanted[source.table])
            self.fusion.add(found, Reason.WORDS)
        if len(self.fusion) == 0 and parsed.forgiven:
            self._add_spellings(parsed)

    def _sources(self) -> list[Source]:
        kinds = self._speech | self._frames | self._titles
        return [source for source in (SPEECH, TEXT, PICTURE, TITLE) if source.kind in kinds]

    def _add_spellings(self, parsed: ParsedQuery) -> None:
        words = dict.fromkeys(word for side_by_side in parsed.forgiven for word in side_by_side)
        spellings = spellings_of(self._connection, tuple(words))
        if all(one.is_known for one in spellings) or not all(one.words for one in spellings):
            return
        known_as = {one.typed: tuple(map(lexeme, one.words)) for one in spellings}
        nearest, all_near = (
            all_of(
                " <-> ".join(f"({any_of(known_as[word][:most])})" for word in side_by_side)
                for side_by_side in parsed.forgiven
            )
            for most in (1, None)
        )
        query = TextQuery((nearest,), (all_near,), self._query.unwanted)
        for source in self._sources():
            wanted = replace(self._wanted[source.table], query=query)
            found = by_words(self._connection, source, wanted)
            self.fusion.add(found, Reason.SIMILAR_SPELLING)
        if len(self.fusion) > 0:
            self.wide = any_of([self.wide, all_near])
            self.did_you_mean = _corrected(parsed.plain, spellings)

    def add_meanings(self, models: Sequence[EmbeddingModel], vectors: Mapping[str, Vector]) -> None:
        """Add what is near in meaning, by the live model and by those that fill its gaps."""
        for table, kinds in ((SPEECH.table, self._speech), (TEXT.table, self._frames)):
            wanted = self._with_phrases(table) if kinds else None
            live: ModelQuery | None = None
            for one in models if wanted else ():
                vector = vectors[one.model]
                if vector is None or wanted is None:
                    continue
                where = Vectors(table, one.location)
                query = ModelQuery(one.model, vector, where, None if one.live else live)
                live = query if one.live else live
                near = by_meaning(self._connection, kinds, query, wanted)
                self.fusion.add(near, Reason.MEANING, one.model)

    def _with_phrases(self, table: str) -> Wanted:
        """Return what is wanted by meaning: only rows with the phrases, where there are some."""
        wanted = self._wanted[table]
        if not self._query.phrases:
            return wanted
        columns = (SPEECH.tsv,) if table == SPEECH.table else (TEXT.tsv, PICTURE.tsv)
        has = " OR ".join(f"{column} @@ CAST(:phrases AS tsquery)" for column in columns)
        rows = only_with(
            self._connection, table, wanted.rows, f"({has})", phrases=self._query.phrases
        )
        return replace(wanted, rows=rows)


def _corrected(query: str, spellings: Sequence[Spelling]) -> str | None:
    """Return a query with its unknown words spelt as the library has them; None if it is equal."""
    corrected = query
    for one in spellings:
        if not one.is_known:
            word = re.compile(rf"(?<!\w){re.escape(one.typed)}(?!\w)", re.IGNORECASE)
            corrected = word.sub(one.words[0], corrected)
    return None if corrected == query else corrected
