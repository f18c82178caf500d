"""Run as a program by the tests of crashes: indexes a folder, or searches one, in a process of its own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from localdev.core.events import Progress
from localdev.index.repository import open_repository
from tests.index.sample import HashingEmbedder


def say(text: str) -> None:
    """Tell the test where we are."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(root: str, folder: str) -> None:
    """Refresh the index, saying each step."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def show(progress: Progress) -> None:
        say(f"{progress.stage} {progress.done}")

    with open_repository(Path(root), Path(folder), HashingEmbedder(), on_notice=say) as repository:
        say("start")
        try:
            report = repository.refresh(show)
        except KeyboardInterrupt:
            say("interrupted")
            sys.exit(130)
        say(f"done {report.files} {report.added}")


if __name__ == "__main__":
    main(*sys.argv[1:])
