"""Callers and a video that tests submit."""

from __future__ import annotations

from reelworks.domain.library.access import Caller, Scope
from reelworks.operations.submit import Submission
from reelworks.store.library.video_writes import NewVideo

ANN = Caller("ann", (Scope.SUBMIT,))
BOB = Caller("bob", (Scope.SUBMIT,))
URL = "https://93.184.215.14/talk.mp4"
TALK = Submission(NewVideo("talk", URL, "The talk", added_by="ann"), URL)
