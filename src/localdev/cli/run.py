"""Runs one command: streams and signals made ready, the connections guard on, then Typer."""

from __future__ import annotations

import io
import os
import sys

_COMPLETION_VARIABLE = "_LOCALDEV_COMPLETE"


def run(arguments: list[str]) -> int:
    """Run the command that `arguments` name and give its exit code; errors are raised for the boundary."""
    from localdev.audit import egress
    from localdev.cli import signals

    egress.install()
    _prepare_streams()
    signals.watch()

    from localdev.cli.app import command

    root = command()
    if _COMPLETION_VARIABLE in os.environ:
        root.main(arguments, prog_name="localdev")
        return 0
    code = _invoke(root, arguments)
    if signals.code() == signals.INTERRUPTED:
        raise KeyboardInterrupt  # one that something below has swallowed
    return signals.code() or code


def _invoke(root: object, arguments: list[str]) -> int:
    """Parse and run; `Exit` is how a command gives a code other than 0."""
    from typer.core import TyperGroup
    from typer.exceptions import Exit, TyperException

    assert isinstance(root, TyperGroup)
    try:
        with root.make_context("localdev", arguments) as context:
            try:
                root.invoke(context)
            except TyperException as wrong:
                # Some complaints come without their command; its name is known here.
                if getattr(wrong, "ctx", context) is None:
                    wrong.ctx = context  # type: ignore[attr-defined]
                raise
    except Exit as ended:
        sys.stdout.flush()
        return ended.exit_code
    except SystemExit as ended:  # how Typer's completion commands and our handler of SIGTERM end
        return ended.code if isinstance(ended.code, int) else 1
    sys.stdout.flush()
    return 0


def _prepare_streams() -> None:
    """Never fail on a character that the terminal cannot show, such as half of a broken file name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
