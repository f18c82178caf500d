"""Where a question is written: the draft, its history, what completes it, what is attached and what waits."""

from __future__ import annotations

from localdev.tui.composer.messages import CommandGiven, QueueRemoved, Submitted
from localdev.tui.composer.widget import Composer

__all__ = ["CommandGiven", "Composer", "QueueRemoved", "Submitted"]
