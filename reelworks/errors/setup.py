"""Errors of setup: settings, model weights, GPU memory."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class SettingsError(ReelworksError):
    """A setting is missing or wrong. Permanent."""

    code = "bad_settings"
    exit_code = 4


class ModelUnavailableError(ReelworksError):
    """A model's weights cannot be had or do not match their digest."""

    code = "model_unavailable"
    exit_code = 4


class GpuMemoryError(ReelworksError):
    """A model does not fit into the GPU's free memory, even with one item at a time. Permanent."""

    code = "gpu_memory"
    http_status = 507
    exit_code = 4
