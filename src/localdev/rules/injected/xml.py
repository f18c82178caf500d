"""XML that may load files and addresses while it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import function_text, is_from_outside
from localdev.rules.injected.holes import judged
from localdev.rules.places import is_vendored
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.scopes import reaching
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument

_FACTORIES = words("""
    DocumentBuilderFactory.newInstance SAXParserFactory.newInstance XMLInputFactory.newInstance
    XMLInputFactory.newFactory TransformerFactory.newInstance SchemaFactory.newInstance
    XMLReaderFactory.createXMLReader SAXReader SAXBuilder DocumentBuilderFactory.newDefaultInstance
    SAXParserFactory.newDefaultInstance XMLInputFactory.newDefaultFactory DocumentBuilderFactory.newNSInstance
    SAXTransformerFactory.newInstance
    """)
# Reading documents is where it matters most; writing them goes through the same factory as reading style sheets.
_MILD = words("TransformerFactory.newInstance SchemaFactory.newInstance SAXTransformerFactory.newInstance")
_PROTECTED = re.compile(
    r"disallow-doctype-decl|external-general-entities|external-parameter-entities|FEATURE_SECURE_PROCESSING|ACCESS_EXTERNAL"
    r"|IS_SUPPORTING_EXTERNAL_ENTITIES|SUPPORT_DTD|load-external-dtd|setEntityResolver|setXMLResolver|setEntityDeclaration"
    r"|(?i:secure\w*(?:factory|parser|processing)|xxe|isSupportingExternalEntities)"
)
_HARMFUL_FEATURE = re.compile(
    r"external-general-entities|external-parameter-entities|IS_SUPPORTING_EXTERNAL_ENTITIES|load-external-dtd|isSupportingExternalEntities|feature_external_ges|feature_external_pes|SUPPORT_DTD|SUBST_ENTITIES|LOADDTD"
)
_PROTECTING_FEATURE = re.compile(r"disallow-doctype-decl|FEATURE_SECURE_PROCESSING")
_FLAGS = re.compile(
    r"(?<![~\w])(?:LIBXML_(?:NOENT|DTDLOAD|DTDATTR)|XML_PARSE_(?:NOENT|DTDLOAD|DTDATTR|XINCLUDE)|NOENT|DTDLOAD|XMLParseNoEnt|XMLParseDTDLoad|PARSE_NOENT)\b"
)
_SETTINGS: dict[str, str] = {
    "resolve_entities": r"True|'internal_and_external'",
    "load_dtd": r"True",
    "no_network": r"False",
    "noent": r"true|:?noent",
    "dtdload": r"true",
    "replaceEntities": r"true",
    "substituteEntities": r"true|TRUE|1",
    "resolveExternals": r"true|TRUE|1",
    "DtdProcessing": r".*DtdProcessing\.Parse",
    "ProhibitDtd": r"false",
    "XmlResolver": r"new\s+XmlUrlResolver[\s\S]*",
    "default_substitute_entities": r"true",
    "default_load_external_dtd": r"true",
    "forbid_dtd": r"False",
    "forbid_entities": r"False",
    "forbid_external": r"False",
}
_SUGGESTION = "forbid document types and external entities in the parser before it reads anything"
_MESSAGE = "the parser follows external entities: a document can read files and call addresses from this machine"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find parsers that follow external entities."""
    for call in meant(tree):
        severity = _judged(tree, call)
        if severity is not None:
            yield Found(file.path, call.line, _MESSAGE, call.end_line, _SUGGESTION, severity)
        elif tree.language != "java" and _reads(call):
            for flag in _flags(tree, call):
                line, end_line = max(
                    (flag.line, flag.end_line), (call.line, call.end_line), key=lambda at: file.touched(*at)
                )
                yield Found(file.path, line, _MESSAGE, end_line, _SUGGESTION)
    for each in assignments(tree):
        if each.kind == "augmented":
            continue
        wanted = _SETTINGS.get(each.target.rpartition(".")[2])
        if wanted is not None and re.fullmatch(wanted, each.value.text.strip()):
            if each.target.endswith("no_network") and "lxml" not in tree.text:
                continue
            yield Found(file.path, each.line, _MESSAGE, each.end_line, _SUGGESTION)


def _judged(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge a call that makes or sets up a parser."""
    if tree.language == "java":
        return _of_java(tree, call)
    for each in call.arguments:
        wanted = _SETTINGS.get(each.keyword)
        if wanted is not None and re.fullmatch(wanted, each.text.strip()):
            return "high"
    texts = [each.text for each in call.arguments]
    if call.last in ("setFeature", "setProperty", "setParserProperty", "setOption") and len(texts) > 1:
        return "high" if _HARMFUL_FEATURE.search(texts[0]) and re.fullmatch(r"(?i)true|1", texts[1]) else None
    if call.last in ("libxml_disable_entity_loader", "xmlSubstituteEntitiesDefault"):
        on = "false" if call.last.startswith("libxml") else "1"
        return "high" if texts and texts[0].lower() == on else None
    if (
        tree.language == "ruby"
        and call.last in ("noent", "dtdload")
        and not call.arguments
        and call.receiver is not None
    ):
        return "high"
    if (
        tree.language == "python"
        and call.resolved in ("lxml.etree.parse", "lxml.etree.fromstring", "lxml.etree.XML")
        and len(texts) == 1
    ):
        return "medium" if is_from_outside(tree, call.arguments[0]) else None
    return None


def _flags(tree: SyntaxTree, call: Call) -> Iterator[Argument]:
    """Yield the arguments that let entities in, or what their names were given before."""
    for argument in call.arguments:
        if argument.kind == "call" or len(argument.text) > 200:
            continue
        if _FLAGS.search(argument.text):
            yield argument
            return
        for each in reaching(tree, argument.node) if argument.kind == "name" else ():
            if _FLAGS.search(each.value.text[:400]):
                yield each.value
                return


def _reads(call: Call) -> bool:
    """Say whether a call with flags reads a document, and does not merely combine or test flags."""
    return re.search(r"(?i)load|parse|read|xml|new|ctxt|string|option|file|memory|doc", call.name) is not None


def _of_java(tree: SyntaxTree, call: Call) -> Severity | None:
    """Judge the factories of Java, which follow entities unless they are told not to."""
    texts = [each.text for each in call.arguments]
    if call.last in ("setFeature", "setProperty", "setAttribute") and len(texts) > 1:
        on = re.fullmatch(r"true|Boolean\.TRUE", texts[1]) is not None
        off = re.fullmatch(r"false|Boolean\.FALSE", texts[1]) is not None
        return (
            "high"
            if (_HARMFUL_FEATURE.search(texts[0]) and on) or (_PROTECTING_FEATURE.search(texts[0]) and off)
            else None
        )
    full = ".".join(call.name.split(".")[-2:])
    if full not in _FACTORIES or (call.kind != "new" and call.last[0] not in "nc"):
        return None
    around = function_text(call.node) if call.kind != "new" and _in_method(call) else tree.text
    if _protects(around):
        return None
    if not _in_method(call) and _protects(tree.text):
        return None
    return "low" if full in _MILD else "medium"


def _in_method(call: Call) -> bool:
    return bool(function_text(call.node))


def _protects(text: str) -> bool:
    """Say whether a text sets one of the guards, in the way that guards."""
    for found in _PROTECTED.finditer(text):
        rest = text[found.end() : found.end() + 40]
        harmful = _HARMFUL_FEATURE.search(found.group())
        if not re.match(
            r'["\s]*,\s*(?:true|Boolean\.TRUE)' if harmful else r'["\s]*,\s*(?:false|Boolean\.FALSE)', rest
        ):
            return True
    return False


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look at what is new, and in Java at factories whose guard the change took away."""
    yield from _IN_CODE(change)
    for file in change.files:
        yield from _no_longer_defused(file)
        if file.language != "java" or file.new_text is None or is_vendored(file.path):
            continue
        if not _protects("\n".join(line.text for line in file.change.removed())) or file.new_syntax is None:
            continue
        for found in _look(file, file.new_syntax):
            if not file.touched(found.line, found.end_line):
                yield found


def _no_longer_defused(file: ChangedFile) -> Iterator[Found]:
    """Find where Python goes back from the parsers of `defusedxml` to those of the standard library."""
    if file.language != "python" or not any("defusedxml" in line.text for line in file.change.removed()):
        return
    for line in file.change.added():
        if "defusedxml" not in (file.new_text or "") and re.match(r"\s*(?:from|import)\s+(?:xml\.|lxml)", line.text):
            yield Found(file.path, line.new_line, _MESSAGE, line.new_line, _SUGGESTION, "medium")


_IN_CODE = in_code(
    judged(_look),
    (
        *("entit", "dtd", "noent", "builderfactory", "parserfactory", "inputfactory", "transformerfactory", "external"),
        *(
            "schemafactory",
            "xmlreader",
            "saxreader",
            "saxbuilder",
            "xmlresolver",
            "disallow-doctype",
            "lxml",
            "network",
        ),
        "secure_processing",
    ),
)

RULE = Rule(
    id="xml-external-entities",
    family="dangerous-call",
    severity="high",
    title="An XML parser follows external entities",
    explanation=(
        "A document type can name files and addresses that the parser then reads into the document, or "
        "entities that grow "
        "without end. Forbid document types, or at least external entities, before the parser reads anything."
    ),
    bad=Example(
        "feed.py",
        "from lxml import etree\n\n\ndef read(data):\n"
        "    return etree.fromstring(data, etree.XMLParser(resolve_entities=True))\n",
    ),
    good=Example(
        "feed.py",
        "from lxml import etree\n\n\ndef read(data):\n"
        "    return etree.fromstring(data, etree.XMLParser(resolve_entities=False))\n",
    ),
    check=_check,
)
