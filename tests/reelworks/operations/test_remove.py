"""A video is removed by admins, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelworks.domain.library.access import LOCAL
from reelworks.errors import ForbiddenError
from reelworks.operations.remove import remove_video
from reelworks.operations.services import Services
from reelworks.operations.submit import submit_video
from tests.support.submissions import ANN, TALK


def test_a_removal_is_for_admins_and_done_once(library: Services) -> None:
    submit_video(library, ANN, replace(TALK, index=False))
    with pytest.raises(ForbiddenError):
        remove_video(library, ANN, "talk")

    assert remove_video(library, LOCAL, "talk") is True
    assert remove_video(library, LOCAL, "talk") is False
