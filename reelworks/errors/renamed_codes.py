"""Error codes that had another name in an earlier release.

Rows of failed jobs, workers of the release before and clients' filters still name the old codes;
``current_code`` gives the one that the classes have now.
"""

from __future__ import annotations

RENAMED_CODES = {
    "job_refused": "invalid_job_parameters",
    "nothing_deployed": "deployment_not_found",
    "other_question": "stage_call_mismatch",
    "not_kept": "cache_miss",
    "head_too_large": "headers_too_large",
}
"""Code before migration 0008 -> code now."""


def current_code(code: str) -> str:
    """Return the code that now means what ``code`` meant when it was written."""
    return RENAMED_CODES.get(code, code)


def spellings_of(code: str) -> frozenset[str]:
    """Return ``code`` as it is now with all its earlier names: what stored rows may say."""
    now = current_code(code)
    return frozenset({now, *(old for old, new in RENAMED_CODES.items() if new == now)})
