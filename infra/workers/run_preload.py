"""What the fork server of flow runs imports last: see ``infra.workers.forked_runs``.

What takes long to import or to construct is done here, once. Nothing may start a thread or open a
connection, for a fork has neither: the two clients connect when they are first used.
"""

from __future__ import annotations

import gc
from importlib import import_module

from prefect.client.orchestration import get_client

from infra.workers.prefect_private import share_tls_context
from reelworks.settings import load_settings
from reelworks.store.objects.client import make_client

LATE = (
    "anyio._backends._asyncio",
    "boto3.s3.inject",
    "encodings.idna",
    "prefect.concurrency.services",
    "prefect.events.clients",
    "prefect.flow_engine",
    "prefect.flow_runs",
    "prefect.task_engine",
    "prefect.utilities.visualization",
    "reelworks.models.speech.whisper",
    "reelworks.models.text.minilm",
    "reelworks.models.vision.ocr_frame_describer",
)
"""What a run that is cached in every stage imports after its flow: 0.3 s of processor time."""

for name in LATE:
    import_module(name)
share_tls_context()
get_client()  # reads the root certificates into the shared context
make_client(load_settings())  # reads the description of S3, which boto3's session keeps
gc.collect()
gc.freeze()  # a fork shares these pages for as long as the collector does not write into them
