"""The words of the project: ``python -m tests.support.vocabulary`` refuses private ones.

Names in code and words in documents are the field's own (CONTRIBUTING.md has the glossary). All
tracked text is read. A line that must show an old name, to read what an earlier version stored,
ends with ``# old name``; in quotes, "nobody" is the Unix account.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

NAMES = {
    "amiss": "warnings",
    "anybody": "user, client",
    "anew": "force, recompute",
    "asked": "request, query, body",
    "asker": "caller",
    "doing": "run, lease",
    "held": "lock, locked, lease",
    "here": "current, local",
    "intake": "dispatcher",
    "kept": "cached, stored",
    "lacking": "missing",
    "ledger": "jobs, queue",
    "mend": "restart, repair, hint",
    "mended": "restarted, repaired",
    "mends": "restarts, repairs",
    "nobody": "anonymous, unprivileged",
    "place": "ctx, paths, location",
    "somebody": "user, caller, other",
    "strays": "orphaned",
    "swept": "cleanup",
    "told": "message, reported",
}
"""Parts of identifiers that say nothing to a stranger, and what to say instead."""
WORDS = {
    "amiss": "wrong",
    "anew": "again",
    "anybody": "anyone, another user",
    "asker": "caller",
    "everybody": "everyone, every user",
    "for ever": "forever",
    "for good": "permanently",
    "go on": "continue",
    "goes on": "continues",
    "in vain": "for nothing",
    "intake": "dispatcher",
    "kept": "stored, cached, left",
    "ledger": "job queue",
    "mend": "fix, repair, restart",
    "mended": "fixed",
    "mends": "fixes",
    "nobody": "no one, no process",
    "none of ours": "invalid",
    "somebody": "someone, another process, a user",
    "went on": "continued",
    "whoever": "anyone who",
    "whom": "which user",
}
"""Words of docstrings, comments, messages, pages and documents."""
OLD_NAME = "# old name"
FROZEN = (
    "CHANGELOG.md",
    "LICENSE",
    "bench/pages/",
    "bench/quality/pages/",
    "bench/quality/questions.toml",
    "bench/questions.toml",
    "reelworks/store/db/migrations/versions/",
    "requirements",
    "tests/media/",
    "tests/reelworks/store/db/migrations/v0007/",
    "tests/support/vocabulary.py",
    "tests/support/test_vocabulary.py",
)
"""Other people's words, data, and files that name what was: changes and migrations."""
_PHRASES = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in WORDS)
_WORD = re.compile(rf"(?!(?<=[\"'`])nobody[\"'`])\b(?:{_PHRASES})\b", re.IGNORECASE)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def private_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each identifier of Python code with a part out of ``NAMES``.

    Names of tests are sentences and may hold any word.
    """
    for token in _tokens(source):
        if token.type == tokenize.NAME and not token.string.startswith("test_"):
            parts = {part.lower() for part in _PART.findall(token.string)}
            for part in sorted(parts & NAMES.keys()):
                yield token.start[0], f"name {token.string!r}: say {NAMES[part]}"


def private_words(source: str, *, is_python: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of each word out of ``WORDS`` in comments and strings, or anywhere."""
    if is_python:
        texts = [
            (token.start[0], token.string)
            for token in _tokens(source)
            if token.type in (tokenize.COMMENT, tokenize.STRING)
        ]
    else:
        texts = [(1, source)]
    for first, text in texts:
        for found in _WORD.finditer(text):
            line = first + text.count("\n", 0, found.start())
            word = " ".join(found[0].lower().split())
            yield line, f"word {word!r}: say {WORDS[word]}"


def private_language(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of all that a file says in words of our own."""
    source = path.read_text(encoding="utf-8")
    is_python = path.suffix == ".py"
    lines = source.split("\n")
    found = list(private_words(source, is_python=is_python))
    if is_python:
        found += private_names(source)
    for line, text in sorted(set(found)):
        if OLD_NAME not in lines[line - 1]:
            yield line, text


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)


def read_files() -> list[Path]:
    """Return the tracked text files of the current folder that this check reads."""
    listed = subprocess.run(
        ["git", "grep", "--cached", "-Il", ""], check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return [Path(name) for name in listed if name and not name.startswith(FROZEN)]


def main() -> int:
    """Print what is said in private words; return 1 when there is any."""
    found = [(path, line, text) for path in read_files() for line, text in private_language(path)]
    for path, line, text in found:
        sys.stdout.write(f"{path}:{line}: {text}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
