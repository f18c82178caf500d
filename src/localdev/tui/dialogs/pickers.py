"""Choosing the model and the adapter that answer from the next question on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localdev.app.conversation.choosing import NONE, Choice
from localdev.tui.dialogs.picker import Offer, Offers, Picker

if TYPE_CHECKING:
    from localdev.app.conversation.desk import Desk


class ModelPicker(Picker):
    """Ends with a model's name, `none`, or a name as typed that no stored model has."""

    heading = "Model"
    placeholder = "a name, ollama:NAME, openai:NAME or a GGUF file"
    no_match = (
        "No model here is called that. Enter takes the name as it is typed: ollama:NAME, openai:NAME, a GGUF file."
    )

    def __init__(self, desk: Desk, choice: Choice | None = None) -> None:
        super().__init__()
        self._desk = desk
        self._choice = choice or Choice()

    def load(self) -> Sequence[Offer]:
        """List the models; where none is stored, say how one is."""
        models = [Offer(each.name, each.detail, each.chosen) for each in self._desk.models(self._choice)]
        without = "answer with the places themselves"
        if not models:
            without = "no model yet: `localdev models add FILE`"
        return [*models, Offer(NONE, without, self._choice.model == NONE)]

    def chosen(self, offer: Offer | None, typed: str) -> None:
        """End with the row, or with what was typed."""
        if offer is not None or typed:
            self.dismiss(offer.name if offer is not None else typed)


class AdapterPicker(Picker):
    """Ends with an adapter's name, `NAME@SCALE` where a scale was typed behind it, or `none`."""

    heading = "Adapter"
    placeholder = "a name; @0.5 behind it sets the scale"
    no_match = "No adapter here is called that. `localdev models adapters add FILE` keeps one."

    def __init__(self, desk: Desk, choice: Choice | None = None) -> None:
        super().__init__()
        self._desk = desk
        self._choice = choice or Choice()

    def load(self) -> Sequence[Offer]:
        """List the adapters; where none is stored, say how one is."""
        adapters = [Offer(each.name, each.detail, each.chosen) for each in self._desk.adapters(self._choice)]
        without = "the model as it is"
        if not adapters:
            without = "none yet: `localdev models adapters add FILE`"
        used = any(each.chosen for each in adapters)
        return [*adapters, Offer(NONE, without, not used)]

    def fitting(self, offers: Offers, typed: str) -> Sequence[Offer]:
        """Give what fits the name; the scale behind it is no part of that."""
        return offers.fitting(typed.partition("@")[0])

    def chosen(self, offer: Offer | None, typed: str) -> None:
        """End with the name and the scale that was typed."""
        if offer is not None:
            scale = typed.partition("@")[2].strip()
            self.dismiss(f"{offer.name}@{scale}" if scale and offer.name != NONE else offer.name)
