"""Reelworks: video in, searchable content out.

Importing it turns off what libraries would report about their users, unless the user chose
otherwise: they read their variable once, when they are first used.
"""

from __future__ import annotations

import os

NO_REPORTS = {
    "DO_NOT_TRACK": "1",  # Prefect's client, huggingface_hub
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # ONNX Runtime's own builds report events to Microsoft, on Linux too, and keep a number of the
    # machine under ~/.cache; switching it off by its function comes too late for the first ones.
    "ORT_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
for _name, _value in NO_REPORTS.items():
    os.environ.setdefault(_name, _value)
