"""Measure how much of a prompt an earlier one began with: by rank, and in the order that `ask` chooses for it.

    python benchmarks/prefixes.py --repos DIR --model FILE.gguf

DIR holds checkouts under the names of threads.tsv (name, thread, question): questions on one thing, in their order;
in a thread called `reworded-...` it is one question in other words. Unlike questions are the first of each thread and
the sentences of queries/NAME.tsv. Each sequence is asked on its own. "kept" counts the tokens a prompt has in common
with the best of the earlier ones, from its beginning; "anywhere" those of passages that stood, the same to the byte, in
any earlier prompt at any place: more no way of reusing states could give. The model serves as tokenizer alone.

"in a conversation" asks the follow-ups of all threads of a repository in one chat, with a stand-in for each answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, takewhile
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parent.parent))

from localdev.assistant.chat.fit import Asked, fit
from localdev.assistant.chat.followup import about
from localdev.assistant.passages import AskRequest, fill_prompt, find_passages
from localdev.backends.embedders.static import StaticEmbedder
from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.options import BackendOptions
from localdev.core.chat import Message
from localdev.core.events import Citation, HistoryForm
from localdev.core.ports import Repository
from localdev.core.search import Hit
from localdev.core.talk import Turn
from localdev.index.repository import open_repository
from localdev.prompting.prompts import load_prompt, render_prompt
from localdev.prompting.steady import steady_order
from localdev.retrieval.pack import PackedSource

_HERE = Path(__file__).parent
_TOKENS = 2000  # ask.context_tokens
# About as long as the answers that the prompt asks for.
_ANSWER = "The value is read from the file that the name stands for and is checked before it is used. " * 8
Order = Callable[[Sequence[str], Sequence[int], Sequence[Sequence[str]]], list[int]]


@dataclass(frozen=True)
class Prompt:
    """One question's passages as ranked, ready to be ordered."""

    question: str
    packed: tuple[PackedSource, ...]

    @property
    def texts(self) -> list[str]:
        """The passages as they are told apart."""
        return [f"{one.path}:{one.start_line}-{one.end_line}\n{one.text}" for one in self.packed]


def by_rank(texts: Sequence[str], sizes: Sequence[int], earlier: Sequence[Sequence[str]]) -> list[int]:
    """Leave the order as it is."""
    return list(range(len(texts)))


def by_use(texts: Sequence[str], sizes: Sequence[int], earlier: Sequence[Sequence[str]]) -> list[int]:
    """Begin as an earlier prompt did, then those that most earlier prompts had."""
    uses = Counter(text for order in earlier for text in order)
    begun = steady_order(texts, sizes, earlier)
    same = max((sum(1 for _ in takewhile(set(texts).__contains__, order)) for order in earlier), default=0)
    return [*begun[:same], *sorted(begun[same:], key=lambda place: -uses[texts[place]])]


WAYS: dict[str, Order] = {"by rank": by_rank, "steady": steady_order, "steady, then most used": by_use}


class Counting:
    """Counts what a sequence of prompts has in common, with the tokens of a model."""

    def __init__(self, model: Path) -> None:
        self._backend = LlamaCppBackend(model, BackendOptions(context_window=8192))
        self._prompt = load_prompt("ask")

    def ask(self, repository: Repository, question: str) -> Prompt:
        """Choose the passages of a question."""
        request = AskRequest(question, context_tokens=_TOKENS)
        found = find_passages(question, repository)
        return Prompt(question, fill_prompt(request, found, prompt=self._prompt, backend=self._backend).packed)

    def anywhere(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, int]]:
        """Give (tokens of passages seen before, tokens of all passages) of each prompt but the first."""
        seen: set[str] = set()
        for prompt in prompts:
            sizes = dict(zip(prompt.texts, (one.tokens for one in prompt.packed), strict=True))
            if seen:
                yield sum(size for text, size in sizes.items() if text in seen), sum(sizes.values())
            seen.update(sizes)

    def sequence(self, prompts: Sequence[Prompt], way: Order) -> Iterator[tuple[int, int]]:
        """Give (tokens an earlier prompt began with, all tokens) of each prompt but the first."""
        orders: list[list[str]] = []
        before: list[list[int]] = []
        for prompt in prompts:
            order = way(prompt.texts, [one.tokens for one in prompt.packed], orders[::-1])
            tokens = self._tokens(prompt, order)
            if before:
                yield max(_common(tokens, other) for other in before), len(tokens)
            orders.append([prompt.texts[place] for place in order])
            before.append(tokens)

    def conversation(self, repository: Repository, questions: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Give (tokens the prompt before began with, all tokens) of each prompt of a chat but the first."""
        prompt, turns, before = load_prompt("chat"), list[Turn](), list[int]()
        for question in questions:
            asked = Asked(question, tuple(turns))
            found = find_passages(question, repository, limit=asked.limit, about=about(question, turns))
            fitted = fit(asked, found, prompt=prompt, backend=self._backend)
            tokens = self._backend._prompts.chat(fitted.messages)
            if before:
                yield _common(tokens, before), len(tokens)
            before = tokens + self._backend._engine.tokenize(_ANSWER)
            turns = [*self._kept(turns, fitted.event.forms), _turn(asked, fitted.event.message, fitted.sources)]

    def _kept(self, turns: Sequence[Turn], forms: Sequence[HistoryForm]) -> list[Turn]:
        return [replace(turn, form=form) for turn, form in zip(turns, forms, strict=True)]

    def fixed(self) -> int:
        """Count the tokens in front of the first passage, which all prompts share."""
        return self._backend._prompts.stable(self._messages(Prompt("?", ()), []), self._tokens(Prompt("?", ()), []))

    def _tokens(self, prompt: Prompt, order: Sequence[int]) -> list[int]:
        return self._backend._prompts.chat(self._messages(prompt, order))

    def _messages(self, prompt: Prompt, order: Sequence[int]) -> tuple[Message, ...]:
        shown = [prompt.packed[place] for place in order]
        passages = [
            {"path": one.path, "start_line": one.start_line, "end_line": one.end_line, "text": one.text}
            for one in shown
        ]
        return render_prompt(self._prompt, {"passages": passages, "extra": "", "question": prompt.question})


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Count the tokens two prompts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _turn(asked: Asked, sent: str, sources: Sequence[Hit]) -> Turn:
    """Give a question as it was asked, with the stand-in for its answer."""
    places = tuple(
        Citation(number, hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.symbol)
        for number, hit in enumerate(sources, start=asked.first)
    )
    return Turn(len(asked.turns) + 1, "question", asked.question, _ANSWER, "done", sources=places, sent=sent)


def read_threads() -> dict[str, dict[str, list[list[str]]]]:
    """Give the sequences of questions of each repository by kind: unlike, follow-ups, reworded."""
    rows = [line.split("\t") for line in (_HERE / "threads.tsv").read_text(encoding="utf-8").splitlines()]
    found: dict[str, dict[str, list[list[str]]]] = {}
    for (name, thread), group in groupby(rows, key=lambda row: (row[0], row[1])):
        kinds = found.setdefault(name, {"unlike": [_sentences(name)], "follow-ups": [], "reworded": []})
        questions = [question for _, _, question in group]
        if thread.startswith("reworded-"):
            kinds["reworded"].append(questions)
        else:
            kinds["follow-ups"].append(questions)
            kinds["unlike"][0].append(questions[0])
    return found


def _sentences(name: str) -> list[str]:
    """Give the queries of a repository that are no names."""
    path = _HERE / "queries" / f"{name}.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [row[1] for row in rows if row[0] != "symbol"]


def main() -> None:
    """Ask everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()
    counting = Counting(options.model)
    figures: dict[tuple[str, str], list[tuple[int, int]]] = {}
    seen: dict[str, list[tuple[int, int]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, threads in read_threads().items():
            repository = open_repository(options.repos / name, Path(folder) / name, StaticEmbedder(None))
            repository.refresh()
            for kind, several in threads.items():
                for questions in several:
                    prompts = [counting.ask(repository, question) for question in questions]
                    seen.setdefault(kind, []).extend(counting.anywhere(prompts))
                    for way, order in WAYS.items():
                        figures.setdefault((kind, way), []).extend(counting.sequence(prompts, order))
            chat = counting.conversation(repository, list(chain.from_iterable(threads["follow-ups"])))
            figures.setdefault(("follow-ups", "in a conversation"), []).extend(chat)
            repository.close()
    fixed = counting.fixed()
    print(f"tokens in front of the passages: {fixed}\n")
    print("| questions | order | prompts | tokens | kept | of the passages | anywhere |\n" + "|---" * 7 + "|")
    for (kind, way), pairs in figures.items():
        kept, total = fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs)
        bound = sum(same for same, _ in seen[kind]) / sum(size for _, size in seen[kind])
        inside = (kept - fixed) / (total - fixed)
        print(f"| {kind} | {way} | {len(pairs)} | {total:.0f} | {kept:.0f} | {inside:.0%} | {bound:.0%} |")


if __name__ == "__main__":
    main()
