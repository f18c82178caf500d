"""Which layers of a model go to the graphics processor: decided by what fits, and said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_WINDOW = 8192  # a window the model brought along is made smaller for speed, but not below this
_WINDOW_STEP = 256  # contexts are multiples of this
# What a device needs besides weights and state: buffers for a step of the prompt (logits of a large vocabulary alone
# are 300 MB), the driver's own, and what the desktop takes while the model runs.
_RESERVED = 800 * 2**20


@dataclass(frozen=True, slots=True)
class Device:
    """A graphics processor and its free memory in bytes."""

    name: str
    free: int


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """A model in numbers: its layers, the bytes of one, of all tensors outside them and of a token's state in a layer.

    `window` is the model's own, in tokens.
    """

    layers: int = 0
    layer_bytes: int = 0
    other_bytes: int = 0
    kv_bytes: int = 0
    window: int = 0

    def need(self, layers: int, window: int) -> int:
        """Give the memory that the last `layers` take, of which the output counts as the first one."""
        if layers <= 0:
            return 0
        return self.other_bytes + (layers - 1) * (self.layer_bytes + self.kv_bytes * window)


@dataclass(frozen=True, slots=True)
class Plan:
    """Layers for the graphics processor (the output is one of them), the window to use, and both in words."""

    layers: int
    window: int
    said: str


def plan_offload(model: ModelSizes, devices: Sequence[Device], *, window: int, asked: int) -> Plan:
    """Decide how many layers go to the devices, which share them by their free memory.

    `window` is what the user asked for in tokens; 0 takes the model's own, which gives way down to `LEAST_WINDOW` if
    all layers then fit. `asked` is the user's number of layers, -1 to take as many as fit; a number that seems too
    large is tried all the same, and said to be so.
    """
    fixed, window = bool(window), window or model.window
    whole = model.layers + 1
    if not devices or asked == 0:
        return Plan(0, window, "all on the processor" + (" (as set)" if devices else ""))
    room = sum(max(0, device.free - _RESERVED) for device in devices)
    names = ", ".join(device.name for device in devices)
    if asked > 0:
        layers = min(asked, whole)
        doubt = "" if model.need(layers, window) <= room else f"; about {_fitting(model, room, window)} would fit"
        return Plan(layers, window, f"{layers} of {whole} layers on {names} (as set{doubt})")
    layers = _fitting(model, room, window)
    smaller = _window_for_all(model, room)
    if layers < whole and not fixed and min(LEAST_WINDOW, window) <= smaller < window:
        said = f"all {whole} layers on {names}, with a window of {smaller} instead of {window} tokens"
        return Plan(whole, smaller, said)
    if layers == whole:
        return Plan(whole, window, f"all {whole} layers on {names}")
    if not layers:
        return Plan(0, window, f"all on the processor; {names} has too little free memory")
    return Plan(layers, window, f"{layers} of {whole} layers on {names}, the others on the processor")


def _fitting(model: ModelSizes, room: int, window: int) -> int:
    """Give the most layers that fit."""
    return max((n for n in range(model.layers + 2) if model.need(n, window) <= room), default=0)


def _window_for_all(model: ModelSizes, room: int) -> int:
    """Give the largest window beside which all layers fit, 0 where none does."""
    left = room - model.need(model.layers + 1, 0)
    tokens = left // max(1, model.kv_bytes * model.layers)
    return max(0, tokens // _WINDOW_STEP * _WINDOW_STEP)
