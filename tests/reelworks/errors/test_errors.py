"""One family of errors: each says how it is answered, and whether trying again can help."""

from __future__ import annotations

import pytest

from reelworks import errors
from reelworks.errors import RateLimitedError, ReelworksError


def family(kind: type[ReelworksError] = ReelworksError) -> list[type[ReelworksError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in family(child))]


LEAVES = [kind for kind in family() if not kind.__subclasses__()]
DOCUMENTED_EXITS = {1, 3, 4, 5, 6, 130}


def test_every_error_of_the_module_is_of_the_family():
    public = {value for value in vars(errors).values() if isinstance(value, type)}
    raised = {kind for kind in public if issubclass(kind, BaseException)}
    assert raised == set(family())


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_each_kind_has_a_code_of_its_own(kind):
    assert [other for other in family() if other.code == kind.code] == [kind]
    assert kind.code == kind.code.lower()
    assert " " not in kind.code


@pytest.mark.parametrize("kind", family(), ids=lambda kind: kind.__name__)
def test_each_kind_has_a_documented_exit_code_and_an_http_error(kind):
    assert kind.exit_code in DOCUMENTED_EXITS
    assert 400 <= kind.http_status <= 599


@pytest.mark.parametrize(
    "kind",
    [
        *(errors.SourceUnavailableError, errors.ProviderUnavailableError, RateLimitedError),
        *(errors.ProviderAnswerError, errors.StoreUnavailableError, errors.ArtifactMissingError),
        *(errors.DatabaseUnavailableError, errors.StageTimeoutError, errors.SourceChangedError),
    ],
)
def test_what_can_pass_is_retryable(kind):
    assert kind.retryable


@pytest.mark.parametrize(
    "kind",
    [
        *(errors.SourceNotFoundError, errors.SourceUnreadableError, errors.UnsupportedMediaError),
        *(errors.UnsafeMediaError, errors.SettingsError, errors.ProviderAuthError),
        *(errors.ProviderRejectedError, errors.StoreRefusedError, errors.DatabaseRefusedError),
        *(errors.NoSpaceError, errors.PermissionDeniedError, errors.CancelledError),
    ],
)
def test_what_cannot_pass_is_not(kind):
    assert not kind.retryable


@pytest.mark.parametrize("kind", [RateLimitedError, errors.SourceUnavailableError])
def test_who_asks_to_wait_may_say_how_long(kind):
    assert kind("Slow down.", retry_after=1.5).retry_after == 1.5
    assert kind("Slow down.").retry_after is None


def test_a_process_error_keeps_its_command_and_last_lines():
    error = errors.ProcessError("It failed.", arguments=("ffmpeg", "-i"), tail="bad")
    assert (str(error), error.arguments, error.tail) == ("It failed.", ("ffmpeg", "-i"), "bad")
