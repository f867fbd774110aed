"""How a user's words become PostgreSQL's: what is wanted, unwanted, perhaps unfinished."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_TOKEN = re.compile(r'-?"[^"]*"?|\S+')
_WORD = re.compile(r"\w+")
_SHORTEST_PREFIX = 3
_SHORTEST_SIMILAR = 4
_MOST_SIMILAR = 8


@dataclass(frozen=True, slots=True)
class Wording:
    """A query taken apart."""

    wanted: str
    """Words, phrases and ``or``, as ``websearch_to_tsquery`` reads them."""
    unwanted: tuple[str, ...]
    head: str
    """``wanted`` without the last word."""
    prefix: str
    """The last word, which may be unfinished; empty when it is not."""

    @property
    def plain(self) -> str:
        """What is wanted as a sentence, for models."""
        return " ".join(self.wanted.replace('"', " ").split())

    @property
    def long_words(self) -> list[str]:
        """Words long enough to be recognised when misspelt."""
        words = [word.lower() for word in _WORD.findall(self.wanted)]
        return [word for word in words if len(word) >= _SHORTEST_SIMILAR][:_MOST_SIMILAR]


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What to match: ``tsquery`` values in their text form."""

    full: str
    """Every word as it was typed."""
    wide: str
    """The same, or with the last word as the beginning of one."""
    unwanted: str


def read_query(query: str) -> Wording:
    """Take a query apart. NUL and other control characters are dropped."""
    clean = "".join(char if char.isprintable() else " " for char in query)
    tokens = _TOKEN.findall(clean)
    unwanted = tuple(token[1:] for token in tokens if len(token) > 1 and token.startswith("-"))
    kept = [token for token in tokens if not token.startswith("-")]
    last = kept[-1] if kept else ""
    unfinished = (
        len(last) >= _SHORTEST_PREFIX
        and _WORD.fullmatch(last) is not None
        and last.lower() != "or"
        and not clean.endswith(" ")
    )
    head = " ".join(kept[:-1]) if unfinished else ""
    return Wording(" ".join(kept), unwanted, head, last if unfinished else "")


def to_text_query(
    connection: Connection, wording: Wording, configurations: Sequence[str]
) -> TextQuery:
    """Let PostgreSQL read a query under each text search configuration, joined by ``or``.

    What is unwanted is kept apart: under ``or`` a word that one configuration stems and another
    does not would not be excluded.
    """
    full, wide, no = [], [], []
    values = {"wanted": wording.wanted, "head": wording.head, "prefix": f"{wording.prefix}:*"}
    values |= {f"no{number}": part for number, part in enumerate(wording.unwanted)}
    for number, name in enumerate(configurations):
        values[f"c{number}"] = name
        config = f"CAST(:c{number} AS regconfig)"
        full.append(f"websearch_to_tsquery({config}, :wanted)")
        if wording.prefix:
            head = f"websearch_to_tsquery({config}, :head)"
            wide.append(f"({head} && to_tsquery('simple', :prefix))")
        no += [f"websearch_to_tsquery({config}, :no{one})" for one in range(len(wording.unwanted))]
    statement = ", ".join(
        f"CAST({' || '.join(parts) or empty} AS text)"
        for parts, empty in ((full, "''"), ([*full, *wide], "''"), (no, "''"))
    )
    return TextQuery(*connection.execute(text(f"SELECT {statement}"), values).one())
