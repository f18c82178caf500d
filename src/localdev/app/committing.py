"""Words the message of a commit: the job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localdev.app.tools import JobTools
from localdev.core.errors import NotFound
from localdev.core.events import Event


def commit_job(tools: JobTools, options: Mapping[str, Any]) -> Iterator[Event]:
    """Run the job.

    Raises:
        NotFound: always, until it is built.
    """
    raise NotFound("`localdev commit` is not there yet", "use a newer version")
    yield
