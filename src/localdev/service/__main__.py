"""The process of the service: `python -m localdev.service FOLDERS`, started by the client, never by hand."""

from __future__ import annotations

import faulthandler
import os
import sys

from localdev.core.errors import LocaldevError
from localdev.core.folders import Folders
from localdev.core.wire import loads
from localdev.service.address import address_of
from localdev.service.log import Log, log_file
from localdev.service.outcomes import where


def main(arguments: list[str]) -> int:
    """Serve until the end; what went wrong stands in the log, which stderr leads to as well."""
    faulthandler.enable()
    folders: Folders = loads(Folders, arguments[0].encode("ascii"))
    log = Log(log_file(folders), standard=True)
    try:
        from localdev.service.server import run

        run(address_of(folders), log)
    except LocaldevError as error:
        log.line("error", f"cannot start: {error}")
        return error.exit_code
    except Exception as error:
        log.line("error", f"a bug: {where(error)}")
        raise
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # at once: threads of jobs that did not stop in time end here
