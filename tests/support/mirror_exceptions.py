"""Modules with logic and without a test at the mirrored path, each with its reason.

The check refuses a line whose module is tested or gone. A name that ends with a slash is a folder.
"""

from __future__ import annotations

from pathlib import Path

NOT_YET = Path(__file__).with_name("mirror_not_yet.txt")
"""Modules that are tested through their callers only, one a line; each wants a test of its own."""
_CONTROL_RULES = (
    "reelworks/models/vision/controls/panel.py",
    "reelworks/models/vision/controls/shapes.py",
    "reelworks/models/vision/controls/tabs.py",
    "reelworks/models/vision/controls/words.py",
)
EXCEPTIONS: dict[str, str] = {
    "bench/": "measures, by hand; what it shares with the product is tested there",
    "reelworks/app/dispatcher/suspended_runs.py": "tested by tests/flows/test_one_slot.py",
    "reelworks/store/db/migrations/env.py": "run by Alembic in each test of a migration",
    "samples/make.py": "makes the sample's film, which `make demo` indexes",
    **dict.fromkeys(
        _CONTROL_RULES, "tested together, by tests/reelworks/models/vision/test_controls.py"
    ),
}
