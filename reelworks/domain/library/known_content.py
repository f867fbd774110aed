"""Known content: which video of the library a given source is, and what to tell its giver.

The rule (decision 38), for uploads, URLs, paths, backfills, syncs and the command line alike:

1. An id that the caller states is the video of that id, or a new one.
2. Without one, the same bytes are the same video, whatever its name, location and library. Of
   several the one in the given library comes first, then one that was ready, then the oldest.
   Bytes that are read only when the job runs (of a URL, a path, a key) leave the video its id.
3. A video joins the library that it is given to and leaves none. Its name and location are
   recorded.
4. What is given and changes nothing is mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelworks.domain.library.library import DEFAULT_LIBRARY


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """A video of the library, as far as the rule needs it."""

    id: str
    title: str
    libraries: tuple[str, ...]
    """Its own library first."""
    sha256: str | None
    """Of its source; None: not read yet."""
    was_ready: bool = False


@dataclass(frozen=True, slots=True)
class GivenSource:
    """A source that is given to a library."""

    id: str
    """Stated by the caller, or made from name and content."""
    is_id_stated: bool
    sha256: str | None
    """None: not read yet."""
    library: str | None = None
    """None: not stated."""
    title: str | None = None


def match_video(given: GivenSource, known: Sequence[KnownVideo]) -> KnownVideo | None:
    """Return the video that a source is; None: a new one. ``known`` is in order of age."""
    by_id = next((one for one in known if one.id == given.id), None)
    if given.is_id_stated or given.sha256 is None:
        return by_id
    return first_choice(given.sha256, given.library, known) or by_id


def first_choice(
    sha256: str, library: str | None, known: Iterable[KnownVideo]
) -> KnownVideo | None:
    """Return the video that stands for these bytes; ``known`` is in order of age."""
    same = [one for one in known if one.sha256 == sha256]
    wanted = library or DEFAULT_LIBRARY
    return min(same, key=lambda one: (wanted not in one.libraries, not one.was_ready), default=None)


def notes_of(
    given: GivenSource, match: KnownVideo | None, known: Sequence[KnownVideo]
) -> tuple[str, ...]:
    """Return what the giver cannot see from the video alone, a sentence each."""
    notes = []
    own = given.id if match is None else match.id
    others = [one for one in known if one.id != own]
    twin = first_choice(given.sha256, given.library, others) if given.sha256 else None
    if own != given.id:
        notes.append(f"The library has this content as the video {own}.")
    elif twin is not None:
        notes.append(
            f"The same content is also the video {twin.id} of the library {twin.libraries[0]}."
        )
    if match is None:
        return tuple(notes)
    if given.library is not None and given.library not in match.libraries:
        notes.append(joined_note(1, given.library, match.libraries[0]))
    if given.title not in (None, match.title):
        notes.append(f'Its title stays "{match.title}"; "{given.title}" is recorded beside it.')
    return tuple(notes)


def joined_note(count: int, library: str, other: str) -> str:
    """Return the sentence for known videos that come to be in one more library."""
    if count == 1:
        return f"The video is in the library {library} now; it stays in {other}, too."
    return f"{count} known videos are in the library {library} now; they stay in {other}, too."
