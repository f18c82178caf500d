"""Why vetting refuses a model that lies where nobody has seen it: fetched or unpacked, and about to go again."""

from __future__ import annotations

from localdev.core.errors import ModelError
from localdev.models.vetting.vet import Vetted


def refusal_unseen(what: str, vetted: Vetted) -> ModelError:
    """Give the error for a refused model, with what it is called instead of the folder it lies in."""
    said = "; ".join(f"{each.message} ({each.rule})" for each in vetted.against()[:3])
    said = said.replace(str(vetted.path), vetted.path.name).replace(f"{vetted.path.parent}/", "")
    hint = vetted.overruling() or vetted.hint or "get the model from who published it"
    return ModelError(f"{what} is refused: {said}", hint)
