"""`localdev undo`."""

from __future__ import annotations

import typer

from localdev.cli.options import Directory, Json, new_app
from localdev.cli.workplace import open_workplace

app = new_app()


@app.command()
def undo(context: typer.Context, as_json: Json = False, directory: Directory = None) -> None:
    """Take back what `localdev gen ... --apply` wrote last; again for what it wrote before that.

    A file that was changed since is never overwritten: then nothing is taken back.
    """
    import time

    from localdev.app.applying import undo_last
    from localdev.core.neutral import one_line
    from localdev.render.payloads import SCHEMA_VERSION

    place = open_workplace(context, directory)
    done = undo_last(place.root, place.folders)
    if as_json:
        place.printer.json(
            {
                "schema_version": SCHEMA_VERSION,
                "label": done.label,
                "applied_at": done.applied_at,
                "files": list(done.paths),
            }
        )
        return
    when = time.strftime("%H:%M on %Y-%m-%d", time.localtime(done.applied_at))
    place.printer.line(one_line(f"took back {done.label or 'what was written'} of {when}:"))
    for path in done.paths:
        place.printer.line(one_line(f"  {path}"))
