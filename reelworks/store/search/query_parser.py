"""Query parser: a user's query as clauses of words, phrases and pieces of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelworks.errors import InputError
from reelworks.store.db.schema.search import UNSPACED

LONGEST = 1000
"""Characters of a query."""
_TOKEN = re.compile(r'-?"[^"]*"?|[^\s"]+(?:(?<=\d)"(?=\s|$))?')
"""A phrase in quotes, whose last quote may be missing, or a word. A quote after a number is an inch
mark."""
_QUOTES = dict.fromkeys(
    map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u300c\u300d\u300e\u300f"), '"'
)
_SINGLE_QUOTED = re.compile(r"(?<!\w)\u2018((?:[^\u2019]|\u2019(?=\w))+)\u2019(?!\w)")
_SIGNED = re.compile(r"[A-Za-z](?:\+\+|#|\+)")
"""A word of one letter and signs (C++, C#): ``reelworks_words`` reads it as one."""
_LITERAL = re.compile(rf"[\"*+#]|{UNSPACED}")
_BEGIN = re.compile(r"([^\W_]+)\*")
_RUN = re.compile(f"{UNSPACED}+")
_SHORTEST_PREFIX = 4
_LONGEST_UNFINISHED = 4
"""Words of a query whose last may be unfinished: who types more is not looking at the list yet, and
all words that begin like the last one of a sentence ("the…") are a tenth of any library."""
_SHORTEST_BEGIN = 2
_SHORTEST_SIMILAR = 4
_MOST_SIMILAR = 4
_MOST_CHOICES = 16
_MOST_COMPOUNDS = 32


@dataclass(frozen=True, slots=True)
class Clause:
    """What must all be there; a query is one or several of these, joined by ``or``."""

    words: str = ""
    """Words, found in any of their forms."""
    phrases: tuple[str, ...] = ()
    """Words that stand in quotes: found in this order and form only."""
    compounds: tuple[str, ...] = ()
    """Words joined by other characters (``client/server``, ``e-mail``), found side by side."""
    begins: tuple[str, ...] = ()
    """Words by their beginning (``begin*``)."""
    runs: tuple[str, ...] = ()
    """Pieces of text in scripts without spaces."""
    quoted_runs: tuple[str, ...] = ()
    """Those of them that stand in quotes."""

    @property
    def has_phrase(self) -> bool:
        """Tell whether something of it is in quotes."""
        return bool(self.phrases or self.quoted_runs)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A parsed query."""

    choices: tuple[Clause, ...]
    unwanted: tuple[Clause, ...]
    unfinished: tuple[Clause, ...] = ()
    """The choices again, with the last word as the beginning of one; empty when it is whole."""
    plain: str = ""
    """What is wanted as a sentence, for models."""
    forgiven: tuple[tuple[str, ...], ...] = ()
    """All words when their spelling may be forgiven, those side by side that were typed so: not
    those of a phrase, which is meant as it is, nor those of a sentence, which is found by its
    meaning whatever a word is spelt like."""

    @property
    def runs(self) -> list[str]:
        """All pieces in scripts without spaces."""
        return [run for choice in self.choices for run in choice.runs]

    @property
    def is_phrase(self) -> bool:
        """Tell whether every choice has something in quotes, which nothing else may replace."""
        return bool(self.choices) and all(choice.has_phrase for choice in self.choices)


def read_query(query: str) -> ParsedQuery:
    """Parse a query, in Unicode's composed form (NFC). Control characters are dropped.

    Raises ``InputError`` for a query that is too long.
    """
    if len(query) > LONGEST:
        raise InputError(f"The search is too long: use at most {LONGEST} characters.")
    clean = "".join(char if char.isprintable() else " " for char in _composed(query))
    tokens = _TOKEN.findall(clean)
    unwanted = [token[1:] for token in tokens if token.startswith("-")]
    wanted = [token for token in tokens if not token.startswith("-")]
    last = wanted[-1] if wanted else ""
    unfinished = (
        len(last) >= _SHORTEST_PREFIX
        and _words_of(last) == [last]
        and _RUN.search(last) is None
        and last.lower() != "or"
        and len(wanted) <= _LONGEST_UNFINISHED
        and not clean.endswith(" ")
    )
    return ParsedQuery(
        choices=tuple(_choices(wanted)),
        unwanted=tuple(_without_empty(_choice([token]) for token in unwanted))[:_MOST_CHOICES],
        unfinished=tuple(_choices([*wanted[:-1], f"{last}*"])) if unfinished else (),
        plain=" ".join(re.sub(r'["*]', " ", " ".join(wanted)).split()),
        forgiven=_forgiven(wanted),
    )


def _composed(query: str) -> str:
    """Return a query with composed letters and straight quotes."""
    quoted = _SINGLE_QUOTED.sub(r'"\1"', unicodedata.normalize("NFC", query))
    return quoted.translate(_QUOTES)


def _forgiven(tokens: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    if any(token.lower() == "or" or _LITERAL.search(token) for token in tokens):
        return ()
    words = [tuple(word.lower() for word in _words_of(token)) for token in tokens]
    long = sum(may_be_misspelt(word) for side_by_side in words for word in side_by_side)
    return tuple(dict.fromkeys(filter(None, words))) if 0 < long <= _MOST_SIMILAR else ()


def may_be_misspelt(word: str) -> bool:
    """Tell whether a word is long enough to be recognised when misspelt, and no number."""
    return len(word) >= _SHORTEST_SIMILAR and not any(char.isdigit() for char in word)


def _words_of(token: str) -> list[str]:
    """Return the words of a token: its letters, digits and the marks on letters."""
    return "".join(char if _is_of_word(char) else " " for char in token).split()


def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _choices(tokens: Sequence[str]) -> list[Clause]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.lower() == "or":
            parts.append([])
        else:
            parts[-1].append(token)
    return _without_empty(_choice(part) for part in parts)[:_MOST_CHOICES]


def _without_empty(clauses: Iterable[Clause]) -> list[Clause]:
    return [one for one in clauses if one != Clause()]


def _choice(tokens: Sequence[str]) -> Clause:
    words: list[str] = []
    phrases: list[str] = []
    compounds: list[str] = []
    begins: list[str] = []
    runs: list[str] = []
    quoted_runs: list[str] = []
    for token in tokens:
        quoted = token.startswith('"')
        found = _RUN.findall(token)
        runs += found
        quoted_runs += found if quoted else []
        rest = _RUN.sub(" ", token).strip('" ')
        begin = _BEGIN.fullmatch(rest)
        if quoted:
            phrases += [rest] if rest else []
        elif begin and len(begin[1]) >= _SHORTEST_BEGIN:
            begins.append(begin[1].lower())
        elif _SIGNED.fullmatch(rest):
            begins.append(rest.lower())
        elif _words_of(rest) == [rest] or len(compounds) >= _MOST_COMPOUNDS:
            words.append(rest)
        elif rest:
            compounds.append(rest)
    return Clause(
        " ".join(words),
        tuple(phrases),
        tuple(compounds),
        tuple(begins),
        tuple(runs),
        tuple(quoted_runs),
    )
