"""Typer's complaints about a command line, in our two-line form with the nearest option or command named."""

from __future__ import annotations

import difflib
from typing import Any

from localdev.core.errors import UsageError


def explain(error: Any) -> UsageError:
    """Turn one of Typer's exceptions into a usage error with a hint."""
    context = getattr(error, "ctx", None)
    path = _path(context)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        message = f"no such option: {error.option_name}"
        hint = _did_you_mean(error.option_name, options(context), path)
        return UsageError(message, hint if hint.startswith("did you") else hint + _ending_options(context, path))
    if kind == "MissingParameter":
        name = (getattr(error.param, "human_readable_name", "") or "argument").upper()
        if getattr(error.param, "param_type_name", "") == "option":
            name = error.param.opts[0]
        return UsageError(f"{path} needs {name}", f"`{path} --help` shows what it takes")
    return UsageError(_lower_first(str(error.format_message()).rstrip(".")), f"`{path} --help` shows what it takes")


def options(context: Any) -> list[str]:
    """List the option names of the command that was being read."""
    if context is None:
        return []
    return [name for parameter in context.command.get_params(context) for name in getattr(parameter, "opts", [])]


def _path(context: Any) -> str:
    """Give the command that was being read, as typed."""
    if context is None:
        return "localdev"
    return " ".join(filter(None, (str(context.command_path), context.invoked_subcommand)))


def _ending_options(context: Any, path: str) -> str:
    """Say how a word that begins with `-` is given, where the command takes words."""
    parameters = () if context is None else context.command.params
    words = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    if not words:
        return ""
    before = "".join(f"{word.human_readable_name.upper()} " for word in words[:-1])
    return f"; a word that begins with - goes after --: `{path} {before}-- -WORD`"


def unknown_command(name: str, known: list[str], path: str) -> UsageError:
    """Make the error for a command that does not exist."""
    return UsageError(f"no such command: {name}", _did_you_mean(name, known, path))


def _did_you_mean(typed: str, known: list[str], path: str) -> str:
    """Name the nearest of the known ones, else where to look."""
    close = difflib.get_close_matches(typed, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"`{path} --help` lists what there is"


def _lower_first(text: str) -> str:
    """Begin a message as our own begin."""
    return text[:1].lower() + text[1:]
