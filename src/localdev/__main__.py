"""Run localdev as ``python -m localdev``."""

from localdev.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
