"""The process that runs a model, with the egress guard on: what `EngineOptions.host_module` names for this program.

The guard is there before the engine's libraries are loaded. A refusal fails the answer it happened in; the journal is
the program's, so it has no line of it.
"""

from __future__ import annotations

from localdev.audit import egress


def main() -> None:
    """Switch the guard on and run the engine."""
    egress.install()
    from localdev.backends.engine import host

    host.main()


if __name__ == "__main__":
    main()
