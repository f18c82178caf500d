"""How fast answers are generated and how soon they begin, with a model of half a billion parameters.

    python scripts/make_synthetic_model.py --vocab VOCAB.gguf --out synthetic.gguf
    python benchmarks/generation.py --model synthetic.gguf --repo DIR [--parts tokens,asks,eight]

tokens: our backend against the plain loop of llama-cpp-python, in turns, on the same prompt, which both have evaluated
before; milliseconds for a token. asks: `localdev ask` as whole processes at default settings but for the length of the
answer, from the start of the process to the first byte of the answer: a question cold, another one behind it, and the
same again, with the service and in a new one. eight: as many asks at once. The goals are those of the design.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Row, add_tool_options, environment, find_tool, report, run

_TOKENS = 64
# The end of an answer shows all of it: what the check of citations holds back of random text is not waited for.
_ANSWER_TOKENS = 4
_MOST_A_TOKEN = 1 / 0.98  # tokens a second at least 0.98 of the plain loop's
_SECOND, _SECOND_MORE, _AGAIN = 1.1, 0.3, 0.15
_QUESTIONS = (
    "how are passages packed into the token budget?",
    "how is the journal protected against changes?",
    "where are settings read from the environment?",
    "how does the index find out which files have changed?",
    "how is the chat template of a model rendered?",
    "what refuses a connection to another machine?",
    "how are search results fused and ranked?",
    "how is a GGUF header checked before it is loaded?",
)
_PROMPT = "Write about how a cache of prompts works, at length."


@dataclass(frozen=True)
class Asked:
    """One `localdev ask`: seconds to the first byte and to the end, and the tokens of its prompt."""

    first: float
    total: float
    prompt: int
    cached: int

    @property
    def evaluated(self) -> int:
        """Tokens of the prompt that were not kept from before."""
        return self.prompt - self.cached


class Asker:
    """Asks with one home folder, whose kept states and service it can drop."""

    def __init__(self, program: str, model: Path, repo: Path, home: Path) -> None:
        more = {"LOCALDEV_MODEL": str(model.resolve()), "LOCALDEV_ASK_MAX_TOKENS": str(_ANSWER_TOKENS)}
        self._env = environment(home, **more)
        self._program, self._repo = program, repo
        self._cache = home / "localdev" / "cache"
        self._journal = home / "localdev" / "state" / "journal.jsonl"
        run([program, "index", "-C", str(repo)], env=self._env)

    def fresh(self, *, start: bool) -> None:
        """Stop the service and forget all states; `start` it again with its model loaded."""
        self.stop()
        for path in self._cache.glob("states/*/*.kv"):
            path.unlink()
        if start:
            run([self._program, "service", "start", "-C", str(self._repo)], env=self._env)
            time.sleep(10)  # it loads the model, and makes ready what all questions begin with

    def stop(self) -> None:
        """Stop the service, if there is one."""
        subprocess.run([self._program, "service", "stop"], env=self._env, capture_output=True, check=False)

    def ask(self, question: str, *more: str) -> Asked:
        """Ask one question."""
        return self.ask_all([question], *more)[0]

    def ask_all(self, questions: Sequence[str], *more: str) -> list[Asked]:
        """Ask several at once; the journal's lines tell their tokens, in the order in which they ended."""
        known = len(self._lines())
        times: dict[int, tuple[float, float]] = {}
        threads = [
            threading.Thread(target=self._one, args=(question, more, times, at))
            for at, question in enumerate(questions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(times) < len(questions):
            raise SystemExit("an ask failed; see above")
        usages = [line["usage"] for line in self._lines()[known:]]
        ended = sorted(times, key=lambda at: times[at][1])
        found = {
            at: Asked(*times[at], usage["prompt_tokens"], usage["cached_tokens"])
            for at, usage in zip(ended, usages, strict=True)
        }
        return [found[at] for at in range(len(questions))]

    def _one(self, question: str, more: Sequence[str], times: dict[int, tuple[float, float]], at: int) -> None:
        """Run one process, noting when the first byte came."""
        command = [self._program, "ask", question, "-C", str(self._repo), *more]
        started = time.perf_counter()
        with subprocess.Popen(
            command, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.read(1)
            first = time.perf_counter() - started
            process.stdout.read()
            errors = process.stderr.read()
        if process.returncode:
            print(f"{' '.join(command)}: exit {process.returncode}\n{errors.decode()[-2000:]}", file=sys.stderr)
            return
        times[at] = (first, time.perf_counter() - started)

    def _lines(self) -> list[Mapping[str, dict[str, int]]]:
        """Give the journal's lines about answers."""
        if not self._journal.exists():
            return []
        entries = map(json.loads, self._journal.read_text(encoding="utf-8").splitlines())
        return [entry for entry in entries if "usage" in entry]


def tokens(model: Path, rounds: int) -> tuple[list[Row], dict[str, object]]:
    """Compare the backend's stream with the plain loop over the same library; medians of the rounds."""
    from localdev.backends.llamacpp.backend import LlamaCppBackend
    from localdev.backends.options import BackendOptions
    from localdev.core.chat import ChatRequest, Message, Sampling

    ours = LlamaCppBackend(model, BackendOptions(context_window=2048))
    request = ChatRequest((Message("user", _PROMPT),), sampling=Sampling(max_tokens=_TOKENS))
    prompt = ours._prompts.chat(request.messages)
    plain = Plain(model, prompt)

    def stream() -> int:
        for _ in ours.stream(request):
            pass
        return ours._engine.evaluated - len(prompt) + 1

    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for number in range(rounds + 1):
        for name, case in sorted({"ours": stream, "plain": plain.loop}.items(), reverse=bool(number % 2)):
            started = time.perf_counter()
            made = case()
            if number:  # the first round evaluates the prompts
                seconds[name].append((time.perf_counter() - started) / made * 1000)
    ours.close()
    mine, plainly = median(seconds["ours"]), median(seconds["plain"])
    row = Row("a token", mine, "the plain loop", plainly, "ms", round(_MOST_A_TOKEN, 3))
    return [row], {"tokens_per_second": {"ours": 1000 / mine, "plain": 1000 / plainly}, "ms": seconds}


class Plain:
    """The plain loop over llama-cpp-python's binding: decode, draw the likeliest, decode. Nothing is turned into text.

    Weights are loaded as the backend loads them; its own class cannot switch off what crashes on some processors.
    """

    def __init__(self, model: Path, prompt: Sequence[int]) -> None:
        from localdev.backends.llamacpp.native import load_library, load_model, physical_cores

        lib = self._lib = load_library()
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = 2048, 128, 128
        params.n_threads = params.n_threads_batch = physical_cores()
        params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._model = load_model(lib, model, 0)
        self._context = lib.llama_init_from_model(self._model, params)
        self._prompt = prompt
        self._sampler = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        lib.llama_sampler_chain_add(self._sampler, lib.llama_sampler_init_greedy())
        self._decode(prompt[:-1])

    def loop(self) -> int:
        """Draw the tokens of an answer behind the prompt, of which the last token is evaluated again."""
        lib = self._lib
        lib.llama_memory_seq_rm(lib.llama_get_memory(self._context), 0, len(self._prompt) - 1, -1)
        self._decode(self._prompt[-1:])
        made, token = 1, lib.llama_sampler_sample(self._sampler, self._context, -1)
        while made < _TOKENS:
            self._decode([token])
            made, token = made + 1, lib.llama_sampler_sample(self._sampler, self._context, -1)
        return made

    def _decode(self, tokens: Sequence[int]) -> None:
        """Evaluate tokens."""
        native = (self._lib.llama_token * len(tokens))(*tokens)
        if self._lib.llama_decode(self._context, self._lib.llama_batch_get_one(native, len(tokens))):
            raise SystemExit("llama_decode failed")


def asks(asker: Asker) -> tuple[list[Row], dict[str, object]]:
    """Measure a second, unlike question, and the same again, with the service and with a new one."""
    first, second = _QUESTIONS[:2]
    took: dict[str, Asked] = {}
    for kind in ("service", "new process"):
        asker.fresh(start=kind == "service")
        took[f"{kind}: cold"] = asker.ask(second)
        asker.fresh(start=kind == "service")
        took[f"{kind}: another first"] = asker.ask(first)
        if kind != "service":
            asker.stop()
        took[f"{kind}: second"] = asker.ask(second)
        if kind != "service":
            asker.stop()
        took[f"{kind}: again"] = asker.ask(second)
    asker.stop()
    took["no service: again"] = asker.ask(second, "--no-service")
    rows = list(_ask_rows(took))
    return rows, {"asks": {name: asdict(each) | {"evaluated": each.evaluated} for name, each in took.items()}}


def _ask_rows(took: Mapping[str, Asked]) -> Iterator[Row]:
    """Give the rows against the goals."""
    for kind in ("service", "new process"):
        cold, second, again = (took[f"{kind}: {what}"] for what in ("cold", "second", "again"))
        allowed = _SECOND * second.evaluated / max(1, cold.evaluated) * cold.first + _SECOND_MORE
        yield Row(f"{kind}: second, {second.cached} of {second.prompt} kept", second.first, "goal", allowed, "s", 1)
        yield Row(f"{kind}: the same again", again.first, "cold", cold.first, "s", _AGAIN)


def eight(asker: Asker) -> tuple[list[Row], dict[str, object]]:
    """Ask eight questions at once; the last is to wait no longer than all of them take one after the other."""
    asker.fresh(start=True)
    alone = [asker.ask(question) for question in _QUESTIONS]
    asker.fresh(start=True)
    together = asker.ask_all(_QUESTIONS)
    asker.stop()
    ends = sorted(each.total for each in together)
    gaps = [later - earlier for earlier, later in zip([0.0, *ends], ends, strict=False)]
    row = Row("the last of eight", ends[-1], "one after the other", sum(each.total for each in alone), "s", 1.1)
    p95 = ends[math.ceil(0.95 * len(ends)) - 1]
    fair = max(gaps) / median(gaps)  # in turns, each ends about one answer's time behind the one before
    return [row], {"eight": {"ends_s": ends, "p95_s": p95, "largest_gap_by_median": fair, "alone_s": [
        each.total for each in alone
    ]}}  # fmt: skip


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--repo", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--parts", default="tokens,asks,eight")
    parser.add_argument("--rounds", type=int, default=5)
    add_tool_options(parser, [])
    options = parser.parse_args()
    rows: list[Row] = []
    details: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="ld") as folder:
        for part in options.parts.split(","):
            if part == "tokens":
                found, more = tokens(options.model, options.rounds)
            else:
                program = find_tool(options, "localdev")
                asker = Asker(program, options.model, options.repo.resolve(), Path(folder) / part)
                found, more = {"asks": asks, "eight": eight}[part](asker)
            rows += found
            details |= more
    report("generation", rows, details, out=options.out)


if __name__ == "__main__":
    main()
