"""A backend that quotes random lines of what it is shown, some of them wrongly: to hold the places of findings."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.events import BackendEvent, Finished, TextDelta

# A line of a hunk as the prompt shows it: its number, a mark for a new line, the code.
_SHOWN = re.compile(r"^ *(\d+) ([+ ]) ?(.*)$", re.MULTILINE)
_MOST = 5


class QuotingBackend:
    """Answers a review with quotes of lines it was shown: most exact, some with other white space, number or words."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.quoted = 0

    def describe(self) -> ModelInfo:
        """Say what it is."""
        return ModelInfo("quoting", "fake", 32_768, capabilities=frozenset({"chat", "schema"}))

    def count_tokens(self, text: str) -> int:
        """Count four characters as a token."""
        return -(-len(text) // 4)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Answer at once."""
        names = (request.schema or {}).get("properties", {})
        text = json.dumps({"real_defect": "yes"}) if "real_defect" in names else self._findings(request)
        yield TextDelta(text)
        yield Finished("stop", Usage())

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """Nothing is under way."""
        return False

    def close(self) -> None:
        """Nothing is held."""

    def _findings(self, request: ChatRequest) -> str:
        """Quote some lines."""
        shown = [
            match for match in _SHOWN.findall(request.messages[-1].content) if match[1] == "+" and match[2].strip()
        ]
        chosen = self._random.sample(shown, min(len(shown), self._random.randint(0, _MOST)))
        self.quoted += len(chosen)
        return json.dumps({"findings": [self._finding(int(number), text) for number, _, text in chosen]})

    def _finding(self, number: int, text: str) -> dict[str, object]:
        """Make one finding; one in four quotes carelessly, one in eight invents."""
        dice = self._random.random()
        if dice < 0.125:
            text = f"{text[: len(text) // 2]} invented {self._random.random()}"
        elif dice < 0.25:
            text = "  " + re.sub(r"\s+", "   ", text)
        elif dice < 0.375:
            number = self._random.randint(1, 10_000)
        return {
            "quote": text,
            "line": number,
            "problem": "this line is quoted",
            "suggestion": "",
            "severity": self._random.choice(["low", "medium", "high"]),
        }
