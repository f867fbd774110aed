from __future__ import annotations

import pytest

from infra.workers.gpus import listed_gpus, visible_gpus

TWO = """\
GPU 0: NVIDIA H200 (UUID: GPU-1111-aa)
GPU 1: NVIDIA H200 (UUID: GPU-2222-bb)
"""
CUT = """\
GPU 0: NVIDIA H200 (UUID: GPU-1111-aa)
  MIG 1g.18gb     Device  0: (UUID: MIG-3333-cc)
  MIG 1g.18gb     Device  1: (UUID: MIG-4444-dd)
GPU 1: NVIDIA H200 (UUID: GPU-2222-bb)
"""


@pytest.mark.parametrize(
    ("listing", "ids"),
    [
        (TWO, ("GPU-1111-aa", "GPU-2222-bb")),
        (CUT, ("MIG-3333-cc", "MIG-4444-dd", "GPU-2222-bb")),
        ("No devices were found\n", ()),
    ],
)
def test_a_gpu_counts_by_its_mig_devices_where_it_is_cut(listing, ids):
    assert listed_gpus(listing) == ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [("0", ("0",)), ("GPU-1, GPU-2", ("GPU-1", "GPU-2")), ("", ()), ("-1", ()), ("none", ())],
)
def test_the_variable_decides_where_it_is_set(value, ids):
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": value}) == ids
