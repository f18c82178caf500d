"""`localdev config show|set|path`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from localdev.cli.options import Directory, Json, Project, new_group, start_folder
from localdev.cli.workplace import open_workplace

app = new_group("Show and change settings: flags > LOCALDEV_* variables > .localdev.toml > config.toml > defaults.")


@app.command()
def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Print every setting and its value."""
    from localdev.config.display import shown
    from localdev.config.settings import get, keys
    from localdev.core.events import Notice
    from localdev.core.neutral import one_line
    from localdev.render.payloads import SCHEMA_VERSION

    place = open_workplace(context, directory, tolerant=True)
    for problem in place.loaded.problems:
        place.printer.notice(Notice("warning", f"{problem}: not used ({problem.hint})"))
    origins = place.loaded.origins
    values = {name: shown(get(place.settings, name)) for name in keys()}
    if as_json:
        listed = {name: {"value": value, "origin": asdict(origins[name])} for name, value in values.items()}
        place.printer.json({"schema_version": SCHEMA_VERSION, "settings": listed})
        return
    import json

    rows = {name: f"{name} = {json.dumps(value)}" for name, value in values.items()}
    width = max(len(row) for row in rows.values())
    for name, row in rows.items():
        place.printer.line(one_line(f"{row.ljust(width)}  # {origins[name]}") if origin else row)


@app.command("set", short_help="Set one key.")
def set_(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Dotted name, as `config show` prints it.")],
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    project: Project = False,
    directory: Directory = None,
) -> None:
    """Set one key in your config.toml, or with --project in the repository's .localdev.toml."""
    import json

    from localdev.app import forms
    from localdev.cli.terminal import Printer
    from localdev.config import trust
    from localdev.config.display import shown
    from localdev.config.editing import set_value
    from localdev.config.loader import project_file, user_file
    from localdev.core.events import Notice
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line
    from localdev.source.walk import find_root

    folders = find_folders()
    forms.refuse_unworkable(key, value)
    if key == "chat.keys":
        from localdev.config.values import find_key, parse
        from localdev.tui.keys import read_keys

        read_keys(parse(find_key(key, "config set"), value, "config set"))  # type: ignore[arg-type]
    if not project:
        path = user_file(folders)
        written = set_value(path, key, value)
    else:
        root = find_root(start_folder(context, directory))
        path = project_file(root)
        was_trusted = trust.state(root, folders) == "trusted"
        written = set_value(path, key, value, project=True)
        if was_trusted:  # the change is the user's own
            trust.grant(root, folders)
    Printer().line(one_line(f"{key} = {json.dumps(shown(written))} in {path}"))
    if said := forms.missing(key, value, folders):
        Printer().notice(Notice("warning", said))


@app.command(short_help="Print where the files and folders are.")
def path(context: typer.Context, as_json: Json = False, directory: Directory = None) -> None:
    """Print where the configuration files and localdev's own folders are; they need not exist."""
    from localdev.cli.terminal import Printer
    from localdev.config.loader import project_file, user_file
    from localdev.core.folders import find_folders
    from localdev.core.neutral import one_line
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.source.walk import find_root

    folders = find_folders()
    places = {
        "user": user_file(folders),
        "project": project_file(find_root(start_folder(context, directory))),
        "indexes": folders.indexes,
        "models": folders.models,
        "states": folders.states,
        "sessions": folders.sessions,
        "exports": folders.exports,
        "journal": folders.journal,
        "logs": folders.logs,
        "runtime": folders.runtime,
    }
    if as_json:
        Printer().json({"schema_version": SCHEMA_VERSION, **{name: str(place) for name, place in places.items()}})
        return
    for name, place in places.items():
        Printer().line(one_line(f"{name:8} {place}{'' if place.exists() else '  (not there)'}"))
