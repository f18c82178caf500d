"""The next question of a conversation: the job, and the names that questions are completed with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from localdev.app.tools import JobTools
from localdev.core.errors import UsageError
from localdev.core.events import Citation, Event, Result
from localdev.core.talk import Attachment, Turn

if TYPE_CHECKING:
    from localdev.index.repository import IndexedRepository

# What a list on a screen can be searched for at every key; the rest is found by asking.
_MOST_SYMBOLS = 20_000
_PLAIN = ("number", "kind", "asked", "answer", "state", "sent", "form")


def chat_job(tools: JobTools, options: Mapping[str, Any], repository: IndexedRepository) -> Iterator[Event]:
    """Run the job; options: question, attachments (`name`, `text`), history, no_model, show_prompt.

    `history` are the earlier turns, oldest first, each with the fields of `core.talk.Turn` as plain values; those that
    are given may be fewer: number, kind, asked, answer, state, sent, form, sources, cited and attachments are read. The
    answer of a turn that was no question is what came of it, in words. Turns that are out may be left out.

    Raises:
        UsageError: the options are not of this form.
        LocaldevError: what opening the model says.
    """
    from localdev.assistant.chat.chat import Asked, chat
    from localdev.core.chat import Sampling
    from localdev.prompting.prompts import load_prompt

    chosen = tools.settings.chat
    asked = Asked(
        options["question"],
        read_history(options.get("history") or ()),
        read_attachments(options.get("attachments") or ()),
        limit=chosen.k,
        context_tokens=chosen.context_tokens,
        sampling=Sampling(temperature=chosen.temperature, seed=chosen.seed, max_tokens=chosen.max_tokens),
        owner=tools.owner(),
        adapter=chosen.adapter,
        show_prompt=bool(options.get("show_prompt")),
    )
    prompt = load_prompt("chat", folders=tools.prompt_folders())
    engine = tools.engine(without=bool(options.get("no_model")), job="chat")
    with contextlib.ExitStack() as open_parts:
        if engine.backend is not None:
            open_parts.callback(engine.backend.close)
        yield from chat(asked, repository=repository, prompt=prompt, backend=engine.backend, progress=tools.aside)
        if engine.notice is not None:
            yield engine.notice


def names_job(tools: JobTools, repository: IndexedRepository) -> Iterator[Event]:
    """Run the job: the files, and the definitions that most other files refer to first, 20,000 at most."""
    repository.refresh(tools.aside)
    ranked = sorted(repository.symbols(), key=lambda each: -each[1])[:_MOST_SYMBOLS]
    symbols = [
        {"name": symbol.qualified, "path": symbol.path, "line": symbol.start_line, "kind": symbol.kind}
        for symbol, _ in ranked
    ]
    yield Result({"paths": repository.paths(), "symbols": symbols})


def read_history(history: Any) -> tuple[Turn, ...]:
    """Read the earlier turns.

    Raises:
        UsageError: they are not of this form.
    """
    return tuple(_read_turn(each) for each in history)


def read_attachments(attachments: Any) -> tuple[Attachment, ...]:
    """Read what is attached to a question.

    Raises:
        UsageError: it is not of this form.
    """
    try:
        return tuple(Attachment(str(each["name"]), str(each["text"])) for each in attachments)
    except (TypeError, LookupError) as error:
        raise UsageError(f"an attachment has no {error}", "give a name and a text for each") from error


def _read_turn(data: Any) -> Turn:
    """Read one turn; what is missing is as it stands in a turn that is done."""
    try:
        fields = {name: data[name] for name in _PLAIN if name in data}
        sources = tuple(
            Citation(each["id"], each["path"], each["start_line"], each["end_line"], each.get("symbol", ""))
            for each in data.get("sources", ())
        )
        turn = Turn(
            **{"kind": "question", "state": "done", **fields},
            sources=sources,
            cited=tuple(data.get("cited", ())),
            attachments=read_attachments(data.get("attachments", ())),
        )
    except (TypeError, LookupError, AttributeError) as error:
        raise UsageError(f"an earlier turn cannot be read: {error}", "give the fields of a turn") from error
    return turn
