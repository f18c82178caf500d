"""Documentation as lines: what is said of a symbol, written in one of the known forms."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from localdev.assistant.gen.doc_style import DocStyle
from localdev.assistant.gen.signature import Parameter, Signature
from localdev.assistant.gen.words import marked, sentence

Pairs = tuple[tuple[str, str], ...]
_JS_TYPES = {"number": r"-?\d", "string": r"[\"'`]", "boolean": r"(?:true|false)\b", "Array": r"\[", "Object": r"\{"}


@dataclass(frozen=True, slots=True)
class DocText:
    """What is said of a symbol; parts that are empty are left out. `parameters` and `raises` are (name, text)."""

    summary: str
    details: str = ""
    parameters: Pairs = ()
    returns: str = ""
    raises: Pairs = ()


def doc_lines(text: DocText, name: str, signature: Signature, *, style: DocStyle, width: int) -> list[str]:
    """Write documentation as lines without comment marks, `width` characters at most where words allow."""
    lines = list(_FORMS[style.form](text, name, signature, style))
    return [line for each in lines for line in _wrapped(each, width)]


def _wrapped(line: str, width: int) -> list[str]:
    """Break a line at blanks; what follows is indented as much, and a tag's text a little more."""
    if len(line) <= width or line.startswith(("    >>>", ">>>")):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    hanging = indent + ("    " if line.lstrip().startswith(("@", ":", "\\")) else "")
    if re.match(r"\s*[\w*.]+(?: \([^)]*\))?: ", line) and indent:
        hanging = indent + "    "
    return textwrap.wrap(
        line.strip(),
        max(width, len(hanging) + 20),
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraphs(text: DocText) -> Iterator[str]:
    """Yield the summary, and the details behind a blank line; line breaks inside are the writer's."""
    yield sentence(text.summary)
    if text.details.strip():
        yield ""
        yield from (line.rstrip() for line in text.details.strip().split("\n"))


def _starred(name: str, signature: Signature) -> str:
    """Give a parameter's name as Python's documentation has it."""
    kind = next((each.kind for each in signature.parameters if each.name == name), "plain")
    return {"rest": "*", "keywords": "**"}.get(kind, "") + name


def _parameter(name: str, signature: Signature) -> Parameter:
    """Give a parameter by name."""
    return next((each for each in signature.parameters if each.name == name), Parameter(name))


def _google(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write Python documentation in Google's form."""
    yield from _paragraphs(text)
    gives = "Yields" if signature.yields else "Returns"
    sections = (
        ("Args", [f"{_starred(each, signature)}: {sentence(said)}" for each, said in text.parameters]),
        (gives, [sentence(text.returns)] if text.returns else []),
        ("Raises", [f"{each}: {sentence(said)}" for each, said in text.raises]),
    )
    for title, lines in sections:
        if lines:
            yield from ("", f"{title}:", *(f"    {line}" for line in lines))


def _numpy(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write Python documentation in numpy's form."""
    yield from _paragraphs(text)
    listed = []
    for each, said in text.parameters:
        kind = _parameter(each, signature).type
        listed += [_starred(each, signature) + (f" : {kind}" if kind else ""), f"    {sentence(said)}"]
    result = [signature.returns or "object", f"    {sentence(text.returns)}"] if text.returns else []
    raised = [line for each, said in text.raises for line in (each, f"    {sentence(said)}")]
    gives = "Yields" if signature.yields else "Returns"
    for title, lines in (("Parameters", listed), (gives, result), ("Raises", raised)):
        if lines:
            yield from ("", title, "-" * len(title), *lines)


def _rest(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write Python documentation with reStructuredText fields."""
    yield from _paragraphs(text)
    fields = [f":param {each}: {sentence(said)}" for each, said in text.parameters]
    fields += [f":returns: {sentence(text.returns)}"] if text.returns else []
    fields += [f":raises {each}: {sentence(said)}" for each, said in text.raises]
    if fields:
        yield from ("", *fields)


def _plain(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write documentation that has no sections."""
    yield from _paragraphs(text)


def _godoc(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write Go documentation: it begins with the name."""
    first, *rest = _paragraphs(text)
    plain = name.rpartition(".")[2]
    if marked(first):
        first = f"{plain} {first}"
    elif first.split(None, 1)[:1] not in ([plain], [f"{plain}:"]) and not first.startswith(
        (f"A {plain} ", f"An {plain} ")
    ):
        first = (
            f"{plain} {first[:1].lower()}{first[1:]}"
            if signature.callable
            else f"{plain} is the {first[:1].lower()}{first[1:]}"
        )
    yield from (first, *rest)


def _rustdoc(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write Rust documentation."""
    yield from _paragraphs(text)
    for each, said in text.raises:
        yield from ("", f"# {each}", "", sentence(said))


def _tags(text: DocText, signature: Signature, style: DocStyle, *, names: Callable[[Parameter], str]) -> Iterator[str]:
    """Write the tags that most forms share, behind a blank line."""
    mark = style.mark if style.form == "doxygen" else "@"
    tags = [f"{mark}param {names(_parameter(each, signature))} {said}".rstrip() for each, said in text.parameters]
    if text.returns:
        word = {"jsdoc": "returns", "tsdoc": "returns"}.get(style.form, "return")
        kind = {"jsdoc": "{" + (signature.returns or "*") + "} ", "phpdoc": f"{signature.returns or 'mixed'} "}
        kind["yard"] = f"[{signature.returns or 'Object'}] "
        tags.append(f"{mark}{word} {kind.get(style.form, '')}{text.returns}")
    word = "raise" if style.form == "yard" else "throws"
    for each, said in text.raises:
        named = {"jsdoc": "{" + each + "}", "yard": f"[{each}]"}.get(style.form, each)
        tags.append(f"{mark}{word} {named} {said}")
    if tags:
        yield from ("", *tags)


def _jsdoc_name(parameter: Parameter) -> str:
    """Give a parameter as JSDoc has it, with the type its default shows."""
    fitting = (kind for kind, pattern in _JS_TYPES.items() if re.match(pattern, parameter.default))
    kind = parameter.type or next(fitting, "*")
    name = f"[{parameter.name}]" if parameter.default else parameter.name
    return f"{{{'...' if parameter.kind == 'rest' else ''}{kind}}} {name}"


def _tagged(names: Callable[[Parameter], str]) -> Callable[[DocText, str, Signature, DocStyle], Iterator[str]]:
    """Make the writer of a form of paragraphs and tags."""

    def write(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
        first, *rest = _paragraphs(text)
        yield f"{style.mark}brief {first}" if style.form == "doxygen" and style.brief else first
        yield from rest
        yield from _tags(text, signature, style, names=names)

    return write


def _xmldoc(text: DocText, name: str, signature: Signature, style: DocStyle) -> Iterator[str]:
    """Write C# documentation."""
    yield from ("<summary>", escape(sentence(text.summary), quote=False), "</summary>")
    if text.details.strip():
        yield from ("<remarks>", *escape(text.details.strip(), quote=False).split("\n"), "</remarks>")
    yield from (f'<param name="{each}">{escape(sentence(said), quote=False)}</param>' for each, said in text.parameters)
    if text.returns:
        yield f"<returns>{escape(sentence(text.returns), quote=False)}</returns>"
    yield from (
        f'<exception cref="{escape(each)}">{escape(sentence(said), quote=False)}</exception>'
        for each, said in text.raises
    )


_FORMS: dict[str, Callable[[DocText, str, Signature, DocStyle], Iterator[str]]] = {
    "google": _google,
    "numpy": _numpy,
    "rest": _rest,
    "plain": _plain,
    "godoc": _godoc,
    "rustdoc": _rustdoc,
    "xmldoc": _xmldoc,
    "jsdoc": _tagged(_jsdoc_name),
    "tsdoc": _tagged(lambda each: f"{each.name} -"),
    "javadoc": _tagged(lambda each: each.name),
    "doxygen": _tagged(lambda each: each.name),
    "yard": _tagged(lambda each: f"{each.name} [{each.type or 'Object'}]"),
    "phpdoc": _tagged(lambda each: f"{each.type or 'mixed'} {'...' if each.kind == 'rest' else ''}${each.name}"),
}
