"""Tells pickles from other data by their instructions, which are listed and never carried out."""

from __future__ import annotations

import pickletools

# Legacy PyTorch checkpoints begin with this number as a pickle of its own. Source: torch/serialization.py.
TORCH_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_NEWEST = 5  # protocol
_MOST_STEPS = 20_000
# A pickle without a header is any text whose letters happen to be instructions, so it must say more than that.
_FEWEST_STEPS, _FEWEST_OF_CUT = 3, 8


def pickle_calls(head: bytes) -> list[str] | None:
    """Give what a pickle that begins with `head` calls for, as `module.name`; None where it is no pickle.

    Pickles of protocol 2 and later have a header. Without one it is a pickle when its instructions lead to an end, or
    to the end of `head`.
    """
    marked = head[:1] == b"\x80" and head[1:2] <= bytes([_NEWEST]) and len(head) > 2
    calls: list[str] = []
    texts: list[str] = []
    steps, fewest = 0, 2 if marked else _FEWEST_STEPS
    try:
        for opcode, argument, _ in pickletools.genops(head):
            steps += 1
            if opcode.name in ("GLOBAL", "INST"):
                calls.append(str(argument).replace(" ", ".", 1))
            elif opcode.name == "STACK_GLOBAL":
                calls.append(".".join(texts[-2:]))
            elif isinstance(argument, str):
                texts.append(argument)
            if steps >= _MOST_STEPS:
                break
    except (ValueError, OverflowError, IndexError) as error:
        if "unknown" not in str(error):  # an instruction that is cut off, rather than one that there is not
            fewest = 1 if marked else _FEWEST_OF_CUT
        elif not marked:
            return None
    return calls if steps >= fewest else None
