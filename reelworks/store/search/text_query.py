"""Text queries: a parsed query as PostgreSQL tsqueries, for wanted and unwanted words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, text

from reelworks.store.db.schema.search import AS_WRITTEN, PLAIN
from reelworks.store.search.query_parser import Clause, ParsedQuery

_LEXEME = re.compile(r"'(?:[^'\\]|''|\\.)*'")


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What to match: ``tsquery`` values in their text form."""

    full: tuple[str, ...]
    """Every word as it was typed: any of these. Each is looked up on its own, as an index finds
    words joined by ``and`` far quicker than a mixture of ``and`` and ``or``."""
    beginning: tuple[str, ...] = ()
    """The same with the last word as the beginning of one."""
    unwanted: str = ""
    phrases: str = ""
    """What stands in quotes, where every choice has that: no row without it may be found."""

    @property
    def wide(self) -> str:
        """All of it in one; what marks the words."""
        return any_of((*self.full, *self.beginning))


def to_text_query(
    connection: Connection, parsed: ParsedQuery, configurations: Sequence[str]
) -> TextQuery:
    """Let PostgreSQL read a query under each text search configuration, joined by ``or``.

    A row's text is stemmed by the row's own language, so a word is found by any of its forms.
    What is unwanted is wanted apart: under ``or`` a word that one configuration stems and another
    does not would not be excluded.
    """
    terms = _Terms()
    parts = [
        [_read(terms, clause, configurations) for clause in clauses]
        for clauses in (parsed.choices, parsed.unfinished, parsed.unwanted)
    ]
    values = terms.evaluate(connection)
    full, beginning, unwanted = (
        tuple(dict.fromkeys(query for one in clauses for query in one.queries(values) if query))
        for clauses in parts
    )
    phrases = any_of(one.phrase(values) for one in parts[0]) if parsed.is_phrase else ""
    return TextQuery(full, beginning, any_of(unwanted), phrases)


def any_of(queries: Iterable[str]) -> str:
    """Return queries joined by ``or``."""
    return " | ".join(f"({query})" for query in dict.fromkeys(queries) if query)


def all_of(queries: Iterable[str]) -> str:
    """Return queries joined by ``and``."""
    return " & ".join(f"({query})" for query in dict.fromkeys(queries) if query)


def lexeme(word: str) -> str:
    """Return the query for a word as the index has it."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


class _Terms:
    """SQL expressions that give tsqueries, read by PostgreSQL in one statement."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._values: dict[str, str] = {"plain": PLAIN}

    def add(self, expression: str, value: str, configuration: str = PLAIN) -> int:
        """Add an expression over ``:value`` and ``:config``; return its number."""
        number = len(self._parts)
        self._values |= {f"v{number}": value, f"c{number}": configuration}
        filled = expression.replace(":value", f":v{number}").replace(
            ":config", f"CAST(:c{number} AS regconfig)"
        )
        self._parts.append(f"CAST({filled} AS text)")
        return number

    def evaluate(self, connection: Connection) -> list[str]:
        if not self._parts:
            return []
        return list(
            connection.execute(text(f"SELECT {', '.join(self._parts)}"), self._values).one()
        )


@dataclass(frozen=True, slots=True)
class _ReadClause:
    """A clause by the numbers of its terms."""

    by_configuration: tuple[tuple[int, ...], ...]
    begins: tuple[int, ...]
    phrases: tuple[int, ...]
    runs: tuple[str, ...]
    quoted_runs: tuple[str, ...]

    def queries(self, values: Sequence[str]) -> list[str]:
        """Return the clause under each configuration."""
        begins = [values[number] for number in self.begins]
        always = [*begins, *self._quoted(values), *(_pairs(run) for run in self.runs)]
        return [
            all_of([*(values[number] for number in numbers), *always])
            for numbers in self.by_configuration
        ]

    def phrase(self, values: Sequence[str]) -> str:
        """Return what is in quotes."""
        return all_of(self._quoted(values))

    def _quoted(self, values: Sequence[str]) -> list[str]:
        exact = [_as_written(values[number]) for number in self.phrases]
        return [*exact, *(_pairs(run) for run in self.quoted_runs)]


def _read(terms: _Terms, clause: Clause, configurations: Sequence[str]) -> _ReadClause:
    words = ["plainto_tsquery(:config, reelworks_words(:value))"] if clause.words else []
    stemmed = [(expression, clause.words) for expression in words]
    stemmed += [("phraseto_tsquery(:config, reelworks_words(:value))", c) for c in clause.compounds]
    return _ReadClause(
        tuple(tuple(terms.add(*one, name) for one in stemmed) for name in configurations),
        tuple(
            terms.add("to_tsquery(:config, reelworks_words(:value) || ':*')", begin)
            for begin in clause.begins
        ),
        tuple(
            terms.add("phraseto_tsquery(:config, reelworks_words(:value))", phrase)
            for phrase in clause.phrases
        ),
        clause.runs,
        clause.quoted_runs,
    )


def _as_written(query: str) -> str:
    """Return a query whose words must be there in this very form."""
    return _LEXEME.sub(lambda found: f"{found[0]}:{AS_WRITTEN}", query)


def _pairs(run: str) -> str:
    """Return the phrase of letter pairs that finds a run anywhere in a text without spaces."""
    if len(run) == 1:
        return f"'{run}':*"
    return " <-> ".join(f"'{one}{two}'" for one, two in pairwise(run))
