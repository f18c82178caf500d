"""What an answer loses when a passage's state is moved: evaluated behind other text, and used as if it were not.

    python benchmarks/moved_states.py --model tests/data/tiny.gguf [--tries 60]

A prompt of three parts (instructions, a passage, a question) is evaluated at once; then with a passage in between,
whose state is cut out and the positions behind it moved back, which the engine can do without evaluating anything; then
with a kept state of its true beginning. Compared are the logits behind the prompt and 24 tokens drawn greedily.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent))

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.engine import Engine
from localdev.backends.options import BackendOptions, EngineOptions

_ANSWER, _CHARACTERS, _WINDOW, _SEED = 24, 900, 2048, 1
_RULES, _QUESTION = "You answer questions about code.\n", "Question: what does this do?\nAnswer:"


@dataclass(frozen=True)
class Outcome:
    """What came behind one prompt."""

    logits: npt.NDArray[np.float32]
    answer: list[int]


def _finish(engine: Engine, question: Sequence[int]) -> Outcome:
    """Evaluate the question behind what is held, and answer."""
    engine.evaluate(question)
    logits: npt.NDArray[np.float32] = engine.logits(-1).copy()
    answer: list[int] = []
    for _ in range(_ANSWER):
        answer.append(int(np.argmax(engine.logits(-1))))
        engine.advance(answer[-1])
    return Outcome(logits, answer)


def _one(engine: Engine, passages: Sequence[str]) -> tuple[Outcome, Outcome, Outcome]:
    """Give the outcomes of evaluating all, of the moved state, and of the kept beginning."""
    rules, other, passage, question = (
        engine.tokenize(text) for text in (_RULES, f"{passages[0]}\n\n", f"{passages[1]}\n\n", _QUESTION)
    )
    engine.keep(0)
    engine.evaluate(rules + passage)
    whole = _finish(engine, question)
    engine.keep(0)
    engine.evaluate(rules + other + passage)
    memory = engine.lib.llama_get_memory(engine.context)
    engine.lib.llama_memory_seq_rm(memory, 0, len(rules), len(rules) + len(other))
    engine.lib.llama_memory_seq_add(memory, 0, len(rules) + len(other), -1, -len(other))
    engine._held[:] = rules + passage
    moved = _finish(engine, question)
    engine.keep(0)
    engine.evaluate(rules + passage)
    state = engine.save_state()
    engine.keep(0)
    engine.load_state(rules + passage, state)
    return whole, moved, _finish(engine, question)


def main() -> None:
    """Measure and print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tries", type=int, default=60)
    options = parser.parse_args()
    backend = LlamaCppBackend(options.model, BackendOptions(_WINDOW, engine=EngineOptions(kv_type="f32")))
    engine = backend._engine
    engine.make_room(_WINDOW, _WINDOW)
    files = sorted((Path(__file__).parent.parent / "src").rglob("*.py"))
    chosen = random.Random(_SEED)
    outcomes = [
        _one(engine, [path.read_text(encoding="utf-8")[:_CHARACTERS] for path in chosen.sample(files, 2)])
        for _ in range(options.tries)
    ]
    print(f"standard deviation of the logits: {fmean(float(whole.logits.std()) for whole, _, _ in outcomes):.2f}")
    for name, place in (("moved state", 1), ("kept beginning", 2)):
        differences = [float(np.abs(each[place].logits - each[0].logits).max()) for each in outcomes]
        changed = fmean(each[place].answer != each[0].answer for each in outcomes)
        print(
            f"{name}: largest difference of a logit {fmean(differences):.3f} (mean), {max(differences):.3f} (most); ",
            end="",
        )
        print(f"{changed:.0%} of the answers changed")
    backend.close()


if __name__ == "__main__":
    main()
