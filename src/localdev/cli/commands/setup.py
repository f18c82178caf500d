"""`localdev setup EXTRA`: the one command that runs the package installer."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from localdev.cli.options import Yes, new_app

app = new_app()


@app.command()
def setup(
    extra: Annotated[str, typer.Argument(metavar="EXTRA", help="llama, sentence-transformers, ...")],
    yes: Yes = False,
) -> None:
    """Add an optional part to this environment. Runs pip, which talks to your package index; nothing else here does."""
    import os
    import subprocess
    import sys

    from localdev.app.extras import plan
    from localdev.cli.confirm import confirmed
    from localdev.cli.program import as_typed
    from localdev.cli.terminal import Printer
    from localdev.core.errors import EnvironmentFault

    printer = Printer()
    planned = plan(extra)
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in planned.variables.items())
    command = variables + shlex.join(planned.command)
    if not planned.runs:
        raise EnvironmentFault(f"this environment has no pip to add {extra} with", f"run: {command}")
    printer.aside(f"{extra} needs: {', '.join(planned.requirements)}")
    if any(requirement.startswith("llama-cpp-python") for requirement in planned.requirements):
        printer.aside("llama-cpp-python is compiled here: it takes a C++ compiler and some minutes")
    printer.aside(f"this runs: {command}")
    if not confirmed("It downloads from your package index. Go on?", yes=yes):
        printer.aside("nothing was changed")
        raise typer.Exit(1)
    if subprocess.run(planned.command, env=os.environ | dict(planned.variables), stdout=sys.stderr).returncode != 0:
        raise EnvironmentFault(
            f"the installer could not add {extra}",
            "see above; a missing compiler (g++, cmake) or package index (pip config list) are the usual causes",
        )
    printer.line(as_typed(f"{extra} is installed; `localdev doctor` shows what works now"))
