"""Write probe of the embedded store: it may need a restart although its process lives."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.services.process import Process
from infra.services.s3.probe import s3_client
from infra.services.s3.seaweed import REGION, StorePaths
from infra.services.supervision.state import Running, Service, State
from reelworks.domain.disk import STORE_SHARE, is_full
from reelworks.store.objects.shards import one_folder_a_shard

log = logging.getLogger(__name__)

OFTEN_SECONDS = 5.0
SELDOM_SECONDS = 300.0
"""Each write leaves a permanent note on the server."""
_BUCKET = "reelworks-ready"
_BODY = bytes(1024)
_INTERNAL = 500


@dataclass
class StoreWatch:
    """Writes to the store from time to time, and often after its disk was full.

    Once the disk was full, the server keeps refusing writes although there is room again: the
    files of its names stay closed until it is started again.
    """

    paths: StorePaths
    often: float = OFTEN_SECONDS
    _next: float = 0.0
    _refused: Process | None = None
    """The server that refused the last time."""
    _was_full: bool = False

    def stuck(self, state: State) -> list[Process]:
        """Return the store's process when it must be started again although it lives."""
        running = state.alive(Service.STORE)
        if running is None or not self.is_stuck(running):
            return []
        log.error("The store cannot be written although the disk of %s has room.", self.paths.home)
        return [running.process]

    def is_stuck(self, running: Running) -> bool:
        """Tell whether the store refuses to write, twice in a row, on a disk with room."""
        if is_full(self.paths.home, STORE_SHARE):  # a start would help nothing yet
            self._was_full, self._refused = True, None
            return False
        if self._was_full:
            self._was_full, self._next = False, 0.0
        now = time.monotonic()
        if now < self._next:
            return False
        refused, again = self._refuses(running.ports[0]), self._refused == running.process
        self._refused = running.process if refused and not again else None
        self._next = now + (self.often if refused else SELDOM_SECONDS)
        return refused and again

    def _refuses(self, port: int) -> bool:
        client: Any = s3_client(
            f"http://127.0.0.1:{port}", self.paths.key_id, self.paths.secret, REGION
        )
        for number, folder in enumerate(one_folder_a_shard(_BUCKET, "write-")):
            body = b"" if number else _BODY  # an empty object is a name only
            try:
                client.put_object(Bucket=_BUCKET, Key=f"{folder}/probe", Body=body)
            except ClientError as error:
                return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] >= _INTERNAL)
            except BotoCoreError:  # it is busy or starts: no word about the disk
                return False
        return False
