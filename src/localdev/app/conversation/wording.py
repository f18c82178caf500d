"""What jobs say in the words of the command line, in those of the chat: its commands stand for flags. All pure."""

from __future__ import annotations

import re
from dataclasses import replace

from localdev.core.events import Event, Notice

# A command in backticks becomes what does the same here; one that nothing here does stays, for another terminal.
_COMMANDS = tuple(
    (re.compile(rf"`localdev {pattern}`"), words)
    for pattern, words in (
        (r"gen \.\.\. --apply", "a patch of /gen"),
        (r"gen ([a-z]+)((?: [^-`\s][^`\s]*)*)", r"/gen \1\2"),
        (r"gen fix (--finding [^`\s]+)", r"/gen fix \1"),
        (r"review --diff ([^`\s]+)", r"/review \1"),
        (r"(review|commit|undo)", r"/\1"),
        (r"sessions list", "/sessions"),
        (r"models list", "/model"),
        (r"chat --session ([^`\s]+)", r"/resume \1"),
    )
)
_PHRASES = (
    ("`localdev chat` without --session and --continue", "/clear"),
    ("`localdev chat`", "/clear"),
    ("then run the command again", "then try again"),
    ("run the command again", "ask again: /retry"),
    ("choose with `localdev config set model NAME`", "choose with /model"),
    ("check the path; `git status` names all", "`git status` names all paths; commits are named as a range: A..B"),
    ("name one: --model", "choose one: /model"),
    ("name a model: --model", "choose a model: /model"),
)
_CODE = re.compile(r"(`[^`]*`)")
_MODEL = re.compile(r"(?<![\w-])--model(?![\w-])")


def in_chat(text: str) -> str:
    """Give a message or hint in the words of the chat."""
    for phrase, words in _PHRASES:
        text = text.replace(phrase, words)
    for pattern, words in _COMMANDS:
        text = pattern.sub(words, text)
    parts = _CODE.split(text)  # what stands in backticks is for a shell, whole as it is
    return "".join(part if part.startswith("`") else _MODEL.sub("/model", part) for part in parts)


def event_in_chat(event: Event) -> Event:
    """Give an event, a notice in the words of the chat."""
    return replace(event, text=in_chat(event.text)) if isinstance(event, Notice) else event
