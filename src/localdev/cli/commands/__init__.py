"""One file per command; each holds a Typer `app` and imports what it runs inside its functions."""
