"""Query parser: a user's query as PostgreSQL tsqueries, for wanted and unwanted words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, text

from reelworks.errors import InputError
from reelworks.store.db.schema.search import PLAIN, UNSPACED

LONGEST = 1000
"""Characters of a query."""
_TOKEN = re.compile(r'-?"[^"]*"?|\S+')
_WORD = re.compile(r"\w+")
_BEGIN = re.compile(r"(\w+)\*")
_RUN = re.compile(f"{UNSPACED}+")
_SHORTEST_PREFIX = 4
_LONGEST_UNFINISHED = 4
"""Words of a query whose last may be unfinished: who types more is not looking at the list yet, and
all words that begin like the last one of a sentence ("the…") are a tenth of any library."""
_SHORTEST_BEGIN = 2
_SHORTEST_SIMILAR = 4
_MOST_SIMILAR = 4
_MOST_CHOICES = 16


@dataclass(frozen=True, slots=True)
class Clause:
    """What must all be there; a query is one or several of these, joined by ``or``."""

    words: str = ""
    """Words and phrases, as ``websearch_to_tsquery`` reads them."""
    begins: tuple[str, ...] = ()
    """Words by their beginning (``begin*``)."""
    runs: tuple[str, ...] = ()
    """Pieces of text in scripts without spaces."""


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A parsed query."""

    choices: tuple[Clause, ...]
    unwanted: tuple[Clause, ...]
    unfinished: tuple[Clause, ...] = ()
    """The choices again, with the last word as the beginning of one; empty when it is whole."""
    plain: str = ""
    """What is wanted as a sentence, for models."""

    long_words: tuple[str, ...] = ()
    """Words long enough to be recognised when misspelt; none of a phrase, which is meant as it is,
    and none of a sentence, which is found by its meaning whatever a word is spelt like."""

    @property
    def runs(self) -> list[str]:
        """All pieces in scripts without spaces."""
        return [run for choice in self.choices for run in choice.runs]


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What to match: ``tsquery`` values in their text form."""

    full: tuple[str, ...]
    """Every word as it was typed: any of these. Each is looked up on its own, as an index finds
    words joined by ``and`` far quicker than a mixture of ``and`` and ``or``."""
    beginning: tuple[str, ...]
    """The same with the last word as the beginning of one."""
    unwanted: str

    @property
    def wide(self) -> str:
        """All of it in one; what marks the words."""
        return any_of((*self.full, *self.beginning))


def read_query(query: str) -> ParsedQuery:
    """Parse a query. NUL and other control characters are dropped.

    Raises ``InputError`` for a query that is too long.
    """
    if len(query) > LONGEST:
        raise InputError(f"The search is too long: use at most {LONGEST} characters.")
    clean = "".join(char if char.isprintable() else " " for char in query)
    tokens = _TOKEN.findall(clean)
    unwanted = [token[1:] for token in tokens if len(token) > 1 and token.startswith("-")]
    wanted = [token for token in tokens if not token.startswith("-")]
    last = wanted[-1] if wanted else ""
    unfinished = (
        len(last) >= _SHORTEST_PREFIX
        and _WORD.fullmatch(last) is not None
        and _RUN.search(last) is None
        and last.lower() != "or"
        and len(wanted) <= _LONGEST_UNFINISHED
        and not clean.endswith(" ")
    )
    return ParsedQuery(
        choices=tuple(_choices(wanted)),
        unwanted=tuple(_choice([token]) for token in unwanted[:_MOST_CHOICES]),
        unfinished=tuple(_choices([*wanted[:-1], f"{last}*"])) if unfinished else (),
        plain=" ".join(re.sub(r'["*]', " ", " ".join(wanted)).split()),
        long_words=_long_words(wanted),
    )


def _long_words(tokens: Sequence[str]) -> tuple[str, ...]:
    if any('"' in token for token in tokens):
        return ()
    words = [word.lower() for word in _WORD.findall(" ".join(tokens)) if not _RUN.search(word)]
    long = [word for word in words if len(word) >= _SHORTEST_SIMILAR]
    return tuple(long) if len(long) <= _MOST_SIMILAR else ()


def _choices(tokens: Sequence[str]) -> list[Clause]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.lower() == "or":
            parts.append([])
        else:
            parts[-1].append(token)
    return [_choice(part) for part in parts if part][:_MOST_CHOICES]


def _choice(tokens: Sequence[str]) -> Clause:
    words: list[str] = []
    begins: list[str] = []
    runs: list[str] = []
    for token in tokens:
        begin = _BEGIN.fullmatch(token)
        if _RUN.search(token):
            runs += _RUN.findall(token)
            rest = _RUN.sub(" ", token).strip('" ')
            words += [rest] if rest else []
        elif begin and len(begin[1]) >= _SHORTEST_BEGIN:
            begins.append(begin[1].lower())
        else:
            words.append(token)
    return Clause(" ".join(words), tuple(begins), tuple(runs))


def to_text_query(
    connection: Connection, parsed: ParsedQuery, configurations: Sequence[str]
) -> TextQuery:
    """Let PostgreSQL read a query under each text search configuration, joined by ``or``.

    A row's text is stemmed by the row's own language, so a word is found by any of its forms.
    What is unwanted is wanted apart: under ``or`` a word that one configuration stems and another
    does not would not be excluded.
    """
    wanted = [(choice, name) for choice in parsed.choices for name in configurations]
    wider = [(choice, name) for choice in parsed.unfinished for name in configurations]
    without = [(choice, name) for choice in parsed.unwanted for name in configurations]
    values: dict[str, str] = {"plain": PLAIN}
    parts = []
    for number, (choice, name) in enumerate((*wanted, *wider, *without)):
        values |= {f"c{number}": name, f"w{number}": choice.words}
        terms = [f"websearch_to_tsquery(CAST(:c{number} AS regconfig), :w{number})"]
        for index, begin in enumerate(choice.begins):
            values[f"b{number}_{index}"] = f"{begin}:*"
            terms.append(f"to_tsquery(CAST(:plain AS regconfig), :b{number}_{index})")
        for index, run in enumerate(choice.runs):
            values[f"r{number}_{index}"] = _pairs(run)
            terms.append(f"CAST(:r{number}_{index} AS tsquery)")
        parts.append(f"CAST({' && '.join(terms)} AS text)")
    if not parts:
        return TextQuery((), (), "")
    read = list(connection.execute(text(f"SELECT {', '.join(parts)}"), values).one())
    full, rest = read[: len(wanted)], read[len(wanted) :]
    wide, no = rest[: len(wider)], rest[len(wider) :]
    exact, begun = (tuple(dict.fromkeys(one for one in part if one)) for part in (full, wide))
    return TextQuery(exact, begun, any_of(no))


def any_of(queries: Iterable[str]) -> str:
    """Return queries joined by ``or``."""
    return " | ".join(f"({query})" for query in dict.fromkeys(queries) if query)


def _pairs(run: str) -> str:
    """Return the phrase of letter pairs that finds a run anywhere in a text without spaces."""
    if len(run) == 1:
        return f"'{run}':*"
    return " <-> ".join(f"'{one}{two}'" for one, two in pairwise(run))
