"""Documentation of one symbol, in the form its file uses: from the signature alone, or worded by a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localdev.assistant.gen import words
from localdev.assistant.gen.attempts import Edits, Unfit, floor
from localdev.assistant.gen.checks import documented, parses, same_tree, untouched
from localdev.assistant.gen.doc_place import Place, find_place, placed
from localdev.assistant.gen.doc_style import DocStyle, learn_style
from localdev.assistant.gen.doc_text import DocText, doc_lines
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.signature import Signature, signature_of
from localdev.assistant.gen.target import Target
from localdev.core.errors import NotFound, UsageError
from localdev.core.patch import Check, Proposal

# Longer ones are no summary, but a model that goes on and on.
_LONGEST_SUMMARY = 400
_LONGEST_PART = 2000
_EXAMPLE_CHARACTERS = 600
# Forms whose documentation names neither parameters nor results one by one.
_WITHOUT_SECTIONS = frozenset({"godoc", "rustdoc", "plain"})
# Forms that have a place of their own for types.
_TYPED = frozenset({"numpy", "jsdoc", "yard", "phpdoc"})


@dataclass(frozen=True, slots=True)
class DocJob:
    """All that documenting one symbol needs to know."""

    target: Target
    signature: Signature
    style: DocStyle
    place: Place

    def floor(self) -> Proposal:
        """Make the documentation that the signature alone gives.

        Raises:
            NotFound: there is documentation already, of which nothing would be left.
        """
        if self.place.replaces:
            raise NotFound(
                f"{self.target.symbol.qualified} is documented already, and only a model can word it anew",
                "name a model: --model; or take the old documentation out first",
            )
        return floor(self.edits(self.known_text()), self.check)

    def known_text(self) -> DocText:
        """Say what signature and body show, and mark what only a person can say."""
        signature, wanted, typed = self.signature, self.wanted(), self.style.form in _TYPED
        return DocText(
            words.summary(self.target.symbol, signature, third_person=self.style.third_person),
            parameters=tuple((each.name, words.about_parameter(each, typed=typed)) for each in signature.parameters)
            if "parameters" in wanted
            else (),
            returns=words.about_result(signature, typed=typed) if "returns" in wanted else "",
            raises=tuple((each.name, words.about_error(each)) for each in signature.raises)
            if "raises" in wanted
            else (),
        )

    def wanted(self) -> tuple[str, ...]:
        """Give the sections that this form and this symbol have."""
        if self.style.form in _WITHOUT_SECTIONS:
            return ()
        signature = self.signature
        there = {
            "parameters": bool(signature.parameters),
            "returns": signature.gives or signature.yields,
            "raises": bool(signature.raises),
        }
        return tuple(name for name in there if there[name] and name in self.style.sections)

    def edits(self, text: DocText) -> Edits:
        """Put the documentation into its place."""
        width = max(40, self.style.width - len(self.place.indent.expandtabs(4)) - 3)
        name = self.target.symbol.qualified
        lines = doc_lines(text, name, self.signature, style=self.style, width=width)
        return (placed(self.target, self.place, lines, self.style),)

    def check(self, edits: Edits) -> Sequence[Check]:
        """Hold the edit against what documentation must leave alone."""
        (edit,) = edits
        return (parses(edit), untouched(edit, [self.place.rows]), same_tree(edit), documented(edit, self.target))

    def schema(self) -> dict[str, Any]:
        """Give the form of a model's answer: a text for each part, named as the code names it, so none is made up."""
        parts: dict[str, Any] = {"summary": {"type": "string"}, "details": {"type": "string"}}
        wanted = self.wanted()
        if "parameters" in wanted:
            parts["parameters"] = _texts([each.name for each in self.signature.parameters])
        if "returns" in wanted:
            parts["returns"] = {"type": "string"}
        if "raises" in wanted:
            parts["raises"] = _texts([each.name for each in self.signature.raises])
        if self.style.form == "rustdoc" and "Result<" in self.signature.returns:
            parts["errors"] = {"type": "string"}
        return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}

    def build(self, answer: dict[str, Any]) -> Edits:
        """Turn a model's answer into the edit.

        Raises:
            Unfit: it says nothing, or far too much.
        """
        read = _Read(answer)
        summary = read.line("summary")
        if not any(char.isalpha() for char in summary):
            raise Unfit("the summary says nothing")
        if len(summary) > _LONGEST_SUMMARY:
            raise Unfit(f"the summary has {len(summary)} characters; write one sentence")
        errors = read.line("errors")
        text = DocText(
            summary,
            read.text("details"),
            tuple((each.name, read.line("parameters", each.name)) for each in self._named("parameters")),
            read.line("returns"),
            tuple((each.name, read.line("raises", each.name)) for each in self._named("raises"))
            + ((("Errors", errors),) if errors else ()),
        )
        return self.edits(text)

    def _named(self, section: str) -> Sequence[Any]:
        """Give what a section lists, when it is wanted."""
        return getattr(self.signature, section) if section in self.wanted() else ()

    def asked(self, instruction: str, most_characters: int) -> dict[str, Any]:
        """Give the variables of the prompt; code longer than `most_characters` is cut in the middle."""
        symbol = self.target.symbol
        return {
            "language": self.target.tree.language,
            "path": self.target.path,
            "symbol": symbol.qualified,
            "code": self.target.code_within(most_characters),
            "before": symbol.doc if self.place.replaces else "",
            "mood": "Returns ..., Reads ..." if self.style.third_person else "Return ..., Read ...",
            "sections": list(self.schema()["properties"])[2:],
            "instruction": instruction,
        }


def doc_job(files: Files, target: Target, style: DocStyle | None = None) -> DocJob:
    """Prepare the documentation of a symbol; `style` is that of its file, where it is known already.

    Raises:
        UsageError: the form of documentation in its language is not known here, or there is no place for it.
    """
    style = style or learn_style(files, target)
    if style is None:
        raise UsageError(
            f"how {target.tree.language} is documented is not known here", "document symbols of another file"
        )
    try:
        return DocJob(target, signature_of(target), style, find_place(target))
    except Unfit as problem:
        raise UsageError(str(problem), "give it lines of its own, then run the command again") from problem


def _texts(names: Sequence[str]) -> dict[str, Any]:
    """Give the form of an object with one text for each name."""
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class _Read:
    """A model's answer, read part by part; what is missing or of another type is empty."""

    answer: dict[str, Any]

    def text(self, *names: str) -> str:
        """Give a part as it is, without blanks at line ends.

        Raises:
            Unfit: it is longer than documentation is, or holds what no documentation holds.
        """
        value: Any = self.answer
        for name in names:
            value = value.get(name, "") if isinstance(value, dict) else ""
        text = value if isinstance(value, str) else ""
        if len(text) > _LONGEST_PART:
            raise Unfit(f"{'.'.join(names)} has {len(text)} characters; write less")
        if any(ord(char) < 32 and char not in "\n\t\r" for char in text):
            raise Unfit(f"{'.'.join(names)} holds control characters")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
        return "\n".join(line.rstrip() for line in lines)

    def line(self, *names: str) -> str:
        """Give a part as one line."""
        return " ".join(self.text(*names).split())
