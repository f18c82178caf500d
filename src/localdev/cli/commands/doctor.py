"""`localdev doctor`."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import chain

import typer

from localdev.cli.options import Directory, Json, new_app
from localdev.cli.workplace import open_workplace

app = new_app()


@app.command()
def doctor(context: typer.Context, as_json: Json = False, directory: Directory = None) -> None:
    """Check what works here; each thing that does not comes with the command that fixes it."""
    from localdev.app.doctor import examine
    from localdev.cli import signals
    from localdev.cli.program import as_typed
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.service.check import check_service

    place = open_workplace(context, directory, tolerant=True)
    out = place.printer
    checks = []
    last = map(check_service, [place.folders], [place.settings])  # when its turn comes
    for found in chain(examine(place.folders, place.root, place.loaded), last):
        signals.raise_again()  # what a check caught may have been Ctrl-C
        check = replace(found, hint=as_typed(found.hint))
        checks.append(check)
        if as_json:
            continue
        mark = out.styled("ok  ", "good") if check.ok else out.styled("--  " if check.optional else "FAIL", "bad")
        out.line(f"{mark}  {check.name:12}  {out.styled(check.detail, 'plain')}")
        if not check.ok and check.hint:
            out.line(out.styled(f"      {'':12}  {check.hint}", "hint"))
    if as_json:
        out.json({"schema_version": SCHEMA_VERSION, "checks": [asdict(check) for check in checks]})
    if any(not check.ok and not check.optional for check in checks):
        raise typer.Exit(1)
