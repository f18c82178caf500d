"""Which layers go to a graphics processor, as a table, and the sizes it is decided by."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.backends.llamacpp.offload import LEAST_WINDOW, Device, ModelSizes, Plan, plan_offload
from tests.backends.conftest import TINY

GB, MB = 2**30, 2**20
# The shape of a 7-billion-parameter model in 4 bits: 32 layers of 120 MB, and 16 kB a token in each.
MODEL = ModelSizes(layers=32, layer_bytes=120 * MB, other_bytes=300 * MB, kv_bytes=4096, window=32768)
CARD = Device("CUDA0", 24 * GB)


@pytest.mark.parametrize(
    ("free", "window", "asked", "plan"),
    [
        ([], 8192, -1, Plan(0, 8192, "all on the processor")),
        ([], 0, 99, Plan(0, 32768, "all on the processor")),
        ([24], 8192, 0, Plan(0, 8192, "all on the processor (as set)")),
        ([24], 0, -1, Plan(33, 32768, "all 33 layers on CUDA0")),
        ([6], 0, -1, Plan(33, 9472, "all 33 layers on CUDA0, with a window of 9472 instead of 32768 tokens")),
        ([6], 32768, -1, Plan(21, 32768, "21 of 33 layers on CUDA0, the others on the processor")),
        ([3], 0, -1, Plan(8, 32768, "8 of 33 layers on CUDA0, the others on the processor")),
        ([1], 0, -1, Plan(0, 32768, "all on the processor; CUDA0 has too little free memory")),
        ([0.1], 0, -1, Plan(0, 32768, "all on the processor; CUDA0 has too little free memory")),
        ([6], 8192, 12, Plan(12, 8192, "12 of 33 layers on CUDA0 (as set)")),
        ([6], 32768, 30, Plan(30, 32768, "30 of 33 layers on CUDA0 (as set; about 21 would fit)")),
        ([24], 8192, 99, Plan(33, 8192, "33 of 33 layers on CUDA0 (as set)")),
        ([4, 4], 8192, -1, Plan(33, 8192, "all 33 layers on CUDA0, CUDA1")),
        ([3, 0.5], 8192, -1, Plan(13, 8192, "13 of 33 layers on CUDA0, CUDA1, the others on the processor")),
    ],
)
def test_plans(free: list[float], window: int, asked: int, plan: Plan) -> None:
    """No device, all, some or nothing fits; the user's number counts; the model's own window gives way to speed."""
    devices = [Device(f"CUDA{number}", int(each * GB)) for number, each in enumerate(free)]
    assert plan_offload(MODEL, devices, window=window, asked=asked) == plan


@pytest.mark.parametrize("free", [n / 4 for n in range(1, 60)])
@pytest.mark.parametrize("window", [0, 4096, 32768])
def test_what_is_planned_fits(free: float, window: int) -> None:
    """Weights and state are within the free memory, one layer more would not be, and windows stay useful."""
    plan = plan_offload(MODEL, [Device("Metal", int(free * GB))], window=window, asked=-1)
    room = int(free * GB) - 800 * MB
    assert MODEL.need(plan.layers, plan.window) <= max(0, room)
    assert plan.layers == 33 or MODEL.need(plan.layers + 1, plan.window) > room
    assert plan.window == (window or 32768) or (not window and plan.window >= LEAST_WINDOW and plan.layers == 33)


@pytest.mark.llama
def test_sizes_of_a_file(llama: None) -> None:
    """The header's tensors add up to the file, and a token's state in a layer is that of its type."""
    from localdev.backends.llamacpp.devices import devices, model_sizes
    from localdev.backends.llamacpp.native import load_library

    lib = load_library()
    found = model_sizes(lib, TINY, "f16")
    assert (found.layers, found.window, found.kv_bytes) == (5, 2048, 2 * (32 + 32) * 2)
    weights = found.layers * found.layer_bytes + found.other_bytes
    assert 0.95 * TINY.stat().st_size < weights < TINY.stat().st_size
    assert model_sizes(lib, TINY, "q8_0").kv_bytes == 2 * (32 + 32) * 34 // 32
    assert all(device.free > 0 for device in devices(lib))


@pytest.mark.llama
def test_sizes_of_a_split_model(llama: None, tmp_path: Path) -> None:
    """The parts add up to the sizes of the whole."""
    from localdev.backends.llamacpp.devices import model_sizes
    from localdev.backends.llamacpp.native import load_library
    from tests.backends.tiny_weights import write_split

    lib, parts = load_library(), write_split(tmp_path / "split", TINY)
    assert model_sizes(lib, parts[0], "f16") == model_sizes(lib, TINY, "f16")
