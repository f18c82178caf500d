"""Fuzz the GGUF reader, guided by coverage.

    python scripts/fuzz_gguf.py --seconds 600 --corpus FOLDER      # needs atheris, which the project does not

Each input is read in every way there is: as a model, its tensors, its memory, its chat template. What counts as found:
an error that is none of ours, more than a second of processor time, more memory than twice the file (or 2 MiB, where
that is more). The input is then written beside the corpus, as libFuzzer does, and the run ends. The first byte of an
input says how the rest is used: as a file, as one with room for its tensors behind it, as two parts of a split model,
or as choices a file is built from.
"""

from __future__ import annotations

import argparse
import os
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import atheris  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

with atheris.instrument_imports(include=["localdev.models"]):
    from localdev.models import gguf, gguf_tables, memory
from localdev.core.errors import ModelError, NotFound  # noqa: E402
from localdev.models.vetting import templates  # noqa: E402
from tests.models import conftest as build  # noqa: E402

FLOOR, MOST_SECONDS, LONGEST_INPUT = 2 << 20, 1.0, 1 << 14
TRACED = 8  # of so many inputs one is read with its memory traced, which takes five times as long
WHOLE, ROOMY, SPLIT, BUILT = range(4)
ROOM = 8 << 20  # bytes of tensors behind a header, for which nothing is written on most file systems
NAMES = ("blk.0.attn_q.weight", "token_embd.weight", "output_norm.weight", "blk.1.ffn_gate_tid2eid.weight", "x.bias")
NUMBERS = (0, 1, 2, 3, 4, 6, 8, 31, 32, 33, 64, 128, 256, 512, 513, 1024, 2**16, 2**31 - 1, 2**31, 2**32 - 1)
TEXTS = ("", "llama", "qwen2", "gemma3", "falcon-h1", "bert", "gpt2", "none", "yarn", "adapter", "{{ x }}", "\0", "é")
FLOATS = (0.0, -1.0, 1e-5, float("nan"), float("inf"))


T = TypeVar("T")


class Choices:
    """Bytes of an input, each of which chooses something; when they are used up the first choice is taken."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def up_to(self, most: int) -> int:
        """Choose a number from 0 to `most`, below 256."""
        return next(self._data, 0) % (most + 1)

    def one_of(self, options: Sequence[T]) -> T:
        """Choose one of at most 256 options."""
        return options[self.up_to(len(options) - 1)]

    def some(self, count: int) -> bytes:
        """Choose bytes."""
        return bytes(self.up_to(255) for _ in range(count))


class Run:
    """One run: the folder its inputs are written to, and the most that reading one took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.most_memory = self.inputs = 0
        self.most_seconds = 0.0

    def one(self, data: bytes) -> None:
        """Read one input; what is found is raised."""
        path, size = self.write(data)
        self.inputs += 1
        traced = self.inputs % TRACED == 0
        if traced:
            tracemalloc.start()
        started = time.process_time()
        try:
            template = read(path)
            used = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        seconds = 0.0 if traced else time.process_time() - started
        if used > self.most_memory or seconds > self.most_seconds:
            self.most_memory, self.most_seconds = max(self.most_memory, used), max(self.most_seconds, seconds)
            print(f"input {self.inputs}: at most {self.most_memory} bytes and {self.most_seconds:.3f} s so far")
        if used > max(2 * size, FLOOR):
            raise AssertionError(f"{used} bytes of memory for {size} of input")
        if seconds > MOST_SECONDS:
            raise AssertionError(f"{seconds:.1f} s for {size} bytes of input")
        if template:
            started = time.process_time()
            templates.scan_template(template)
            if time.process_time() - started > MOST_SECONDS:
                raise AssertionError(f"{time.process_time() - started:.1f} s for a template of {len(template)}")

    def write(self, data: bytes) -> tuple[Path, int]:
        """Write the files an input stands for and give the path to open and their bytes."""
        mode, rest = (data[0] % 4, data[1:]) if data else (WHOLE, b"")
        if mode == SPLIT:
            length = int.from_bytes(rest[:2], "little")
            parts = (rest[2 : 2 + length], rest[2 + length :])
            for number, part in enumerate(parts, 1):
                (self.folder / f"m-{number:05d}-of-00002.gguf").write_bytes(part)
            return self.folder / "m-00001-of-00002.gguf", len(rest)
        path = self.folder / "m.gguf"
        content = built(rest) if mode == BUILT else rest
        path.write_bytes(content)
        if mode != WHOLE:
            os.truncate(path, len(content) + ROOM)
        return path, len(content)


def read(path: Path) -> str:
    """Read a model in every way there is and give its chat template."""
    templates_found = []

    def whole() -> None:
        header = gguf.read_model(path).header
        templates_found.append(header.chat_template)
        for kind in ("f16", "q8_0"):
            need = memory.memory_need(header, 4096, kind)
            assert min(need.weights, need.state, need.buffers) >= 0, "less than no memory"

    for way in (lambda: gguf.read_header(path), lambda: gguf.read_tensors(path), whole):
        try:
            way()
        except (ModelError, NotFound) as error:
            assert str(error) and error.hint, "an error without a hint"
    return templates_found[0] if templates_found else ""


def built(data: bytes) -> bytes:
    """Build a file from choices, most of which are what real files hold."""
    choose = Choices(data)
    architecture = choose.one_of(TEXTS[1:6])
    pairs = [build.pair("general.architecture", architecture)]
    own = [f"{architecture}.{name}" for name in gguf_tables.ARCHITECTURE_KEY_TYPES]
    own += [f"{architecture}.{name}" for name in ("attention.sliding_window_pattern", "ssm.state_size", "kda.head_dim")]
    for _ in range(choose.up_to(24)):
        key = choose.one_of([*gguf_tables.KEY_TYPES, *own])
        pairs.append((key, *value(choose, kind_of(choose, key, architecture))))
    entries, place = [], 0
    for _ in range(choose.up_to(6)):
        name, kind = choose.one_of(NAMES), choose.one_of([0, 0, 0, 1, 2, 8, 9, 26, 31])
        shape = [choose.one_of(NUMBERS[:14]) for _ in range(choose.up_to(3))]
        entries.append(build.tensor(name, shape, kind=kind, offset=place))
        size = 4
        for length in shape:
            size *= length
        place += -(-size // 32) * 32
    return build.gguf(pairs, entries, data=b"")


def kind_of(choose: Choices, key: str, architecture: str) -> int:
    """Choose the type of a key: mostly one that it may have."""
    allowed = gguf_tables.KEY_TYPES.get(key) or gguf_tables.ARCHITECTURE_KEY_TYPES.get(key[len(architecture) + 1 :])
    if allowed and choose.up_to(9):
        return choose.one_of(allowed)
    kind = choose.up_to(12)
    return gguf_tables.array_of(choose.up_to(8)) if kind == gguf_tables.ARRAY else kind


def value(choose: Choices, kind: int) -> tuple[int, bytes]:
    """Choose a value of this type and give the type as it is written, and the value."""
    if kind < gguf_tables.array_of(0):
        return kind, item(choose, kind)
    inner, count = kind & 15, choose.one_of([0, 1, 2, 3, 4, 32, 300])
    items = b"".join(item(choose, inner) for _ in range(min(count, 40)))
    return gguf_tables.ARRAY, struct.pack("<IQ", inner, min(count, 40)) + items


def item(choose: Choices, kind: int) -> bytes:
    """Choose one value."""
    if kind == gguf_tables.STRING:
        data = choose.one_of(TEXTS).encode() + choose.some(choose.up_to(3))
        return struct.pack("<Q", len(data)) + data
    code = gguf_tables.SCALARS[kind]
    if code[1] in "fd":
        return struct.pack(code, choose.one_of(FLOATS))
    return struct.pack("<Q", choose.one_of(NUMBERS))[: struct.calcsize(code)]


def seeds() -> Iterator[bytes]:
    """Give inputs to begin with: real headers, and what the tests build."""
    from tests.models import test_gguf, test_gguf_checks, test_gguf_split

    for name in ("tiny.gguf", "tiny-bert.gguf"):
        yield bytes([ROOMY]) + (ROOT / "tests" / "data" / name).read_bytes()[: LONGEST_INPUT - 1]
    files = [each for each, _ in (*test_gguf.DAMAGED.values(), *test_gguf_checks.REFUSED.values())]
    for data in (*files, *test_gguf_checks.UNUSUAL.values()):
        if len(data) < LONGEST_INPUT:
            yield bytes([WHOLE]) + data
        yield bytes([ROOMY]) + data[:4096]
    first = test_gguf_split.part(0, 2, "a", first=True)
    for second in (test_gguf_split.part(1, 2, "b"), test_gguf_split.part(1, 3, "a", "b")):
        yield bytes([SPLIT]) + struct.pack("<H", len(first)) + first + second
    template = build.pair("tokenizer.chat_template", "{% for m in messages %}{{ m['role'] }}{% endfor %}")
    yield bytes([ROOMY]) + build.gguf([build.pair("general.architecture", "llama"), template])
    yield from (bytes([BUILT]) + bytes(range(start, start + 97)) * 4 for start in range(0, 150, 10))


def words(path: Path) -> None:
    """Write the words that inputs are put together from: keys with their lengths, and numbers."""
    names = [*gguf_tables.KEY_TYPES, *(f"llama.{name}" for name in gguf_tables.ARCHITECTURE_KEY_TYPES)]
    found = [struct.pack("<Q", len(name)) + name.encode() for name in (*names, *NAMES)]
    found += [struct.pack("<Q", number) for number in (*NUMBERS, 2**63, 2**64 - 1)]
    path.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in found))


def main() -> None:
    """Fuzz for the time asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="a folder to keep inputs in; without it they are forgotten")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or Path(scratch, "corpus")
        corpus.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds()):
            (corpus / f"seed-{number:03d}").write_bytes(data)
        words(Path(scratch, "words"))
        run = Run(Path(scratch))
        flags = (f"-max_total_time={options.seconds}", f"-max_len={LONGEST_INPUT}", f"-dict={scratch}/words")
        settings = (f"-artifact_prefix={corpus.parent}/", "-timeout=20", "-print_final_stats=1", "-verbosity=1")
        atheris.Setup([sys.argv[0], *flags, *settings, str(corpus)], run.one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
