"""`localdev trust`: let what could act in this repository act, until it changes."""

from __future__ import annotations

from typing import Annotated

import typer

from localdev.cli.options import Directory, Json, new_app, start_folder

app = new_app()


@app.command()
def trust(
    context: typer.Context,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the trust back.")] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Trust the repository's .localdev.toml and .localdev/ as they are now; a change makes them inert again.

    Without trust its prompts, `model` and `llama.*` are left out; harmless numbers (search.*, ask.*, outline.*) count
    within their limits. `journal.*` and `ui.*` are yours alone.
    """
    from localdev.cli.terminal import Printer
    from localdev.config import trust as records
    from localdev.config.loader import check_project
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.source.walk import find_root

    folders, printer = find_folders(), Printer()
    root = find_root(start_folder(context, directory))
    if not revoke:
        check_project(root)
    digest, paths = ("", []) if revoke else records.grant(root, folders)
    known = records.revoke(root, folders) if revoke else True
    if as_json:
        payload = {"root": str(root), "trusted": not revoke, "digest": digest, "paths": paths}
        printer.json({"schema_version": SCHEMA_VERSION, **payload})
    elif revoke:
        printer.line(one_line(f"{root} is not trusted any more" if known else f"{root} was not trusted"))
    else:
        printer.line(one_line(f"trusted {root} as it is now ({digest[:12]}):"))
        for path in paths:
            printer.line(one_line(f"  {path}"))
