"""The command palette: every action that can be done now, with its key, found by its words."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from localdev.tui.keys import ACTIONS

# What only makes sense where the cursor is, or is open already.
_NOT_OFFERED = frozenset({"send", "newline", "cancel", "palette"})


class _Offer(NamedTuple):
    """An action with the keys it has now, and what it runs."""

    description: str
    keys: str
    action: str
    id: str


class ActionCommands(Provider):
    """Offers the actions of the table that the screen beneath binds."""

    async def discover(self) -> Hits:
        """Give all of them, in the table's order, leaving last."""
        for offer in self._offers():
            yield DiscoveryHit(self._shown(offer), self._run(offer), text=offer.description, help=None)

    async def search(self, query: str) -> Hits:
        """Give those whose words fit, best first."""
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.description)
            if score > 0:
                shown = Content.assemble(matcher.highlight(offer.description), ("  " + offer.keys, "$text-muted"))
                yield Hit(score, shown, self._run(offer), text=offer.description)

    def _offers(self) -> Iterator[_Offer]:
        """Give what can be done now: an action whose binding is active on the screen beneath."""
        bound: dict[str, tuple[str, list[str]]] = {}
        for key, active in self.screen.active_bindings.items():
            if active.binding.id and active.enabled:
                bound.setdefault(active.binding.id, (active.binding.action, []))[1].append(key)
        # What stands first is what Enter does: it must be harmless.
        for action in sorted(ACTIONS, key=lambda each: each.id == "quit"):
            if action.id in bound and action.id not in _NOT_OFFERED:
                does, keys = bound[action.id]
                yield _Offer(action.description, ", ".join(keys), does, action.id)

    def _shown(self, offer: _Offer) -> Content:
        return Content.assemble(offer.description, ("  " + offer.keys, "$text-muted"))

    def _run(self, offer: _Offer) -> partial[Coroutine[Any, Any, bool]]:
        """Do it where its key would be handled."""
        node = next(active.node for active in self.screen.active_bindings.values() if active.binding.id == offer.id)
        return partial(self.app.run_action, offer.action, node)
