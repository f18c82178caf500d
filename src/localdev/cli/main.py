"""The way in, and the one error boundary: whatever happens below ends here as two calm lines and an exit code."""

from __future__ import annotations

import os
import sys

# Nothing else is imported up here: `--version` answers before anything is loaded.


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code; never raises for anything that went wrong below.

    0 fine, 1 a negative answer, 2 wrong usage, 3 a bug, 4 the environment, 130 interrupted.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if sys.stdout is None or sys.stderr is None:
            _replace_closed_streams()
        if given in (["--version"], ["-V"]):
            return _print_version()
        from localdev.cli.run import run

        return run(given)
    except KeyboardInterrupt:
        from localdev.cli.failures import interrupted

        return interrupted()
    except Exception as error:  # noqa: BLE001 - this is the boundary: every error below ends here
        from localdev.cli.failures import report

        return report(error)


def _replace_closed_streams() -> None:
    """Let what is printed to a stream that the caller has closed (`>&-`) go nowhere, as with /dev/null."""
    from pathlib import Path

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as we live


def _print_version() -> int:
    """Print the version alone on a line."""
    from localdev import __version__

    sys.stdout.write(f"localdev {__version__}\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
