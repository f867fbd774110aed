"""Torch is an extra: without it, the message says what to install."""

import pytest

from reelworks.errors import GpuMemoryError, ModelUnavailableError
from reelworks.models.runtime.torch_runtime import device_for, gpu_memory_errors, require


def test_a_missing_module_is_answered_with_the_extra() -> None:
    with pytest.raises(ModelUnavailableError, match=r"needs not_there.*'reelworks\[cuda\]'"):
        require("not_there.inside", "transnetv2")


def test_an_installed_module_is_returned() -> None:
    assert require("pathlib", "transnetv2").Path


def test_too_little_gpu_memory_is_permanent_and_names_the_model() -> None:
    torch = pytest.importorskip("torch", reason="the extra cuda is not installed")
    with (
        pytest.raises(GpuMemoryError, match="transnetv2") as caught,
        gpu_memory_errors(torch, "transnetv2"),
    ):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")
    assert not caught.value.retryable


def test_the_device_is_the_gpu_where_there_is_one() -> None:
    torch = pytest.importorskip("torch", reason="the extra cuda is not installed")
    assert device_for(torch).type == ("cuda" if torch.cuda.is_available() else "cpu")
