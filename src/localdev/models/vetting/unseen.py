"""Why vetting refuses a model that lies where nobody has seen it: fetched or unpacked, and about to go again."""

from __future__ import annotations

from localdev.core.errors import ModelError
from localdev.models.vetting.vet import ACCEPTABLE, Vetted


def refusal_unseen(what: str, vetted: Vetted) -> ModelError:
    """Give the error for a refused model, with what it is called instead of the folder it lies in."""
    against = [each for each in vetted.findings if each.severity == "refuse" and each.rule not in vetted.accepted]
    said = "; ".join(f"{each.message} ({each.rule})" for each in against[:3])
    said = said.replace(str(vetted.path), vetted.path.name).replace(f"{vetted.path.parent}/", "")
    rules = " ".join(f"--accept {rule}" for rule in dict.fromkeys(each.rule for each in against))
    overrule = f"if that is fine for you: {rules}" if all(each.rule in ACCEPTABLE for each in against) else ""
    return ModelError(f"{what} is refused: {said}", overrule or vetted.hint or "get the model from who published it")
