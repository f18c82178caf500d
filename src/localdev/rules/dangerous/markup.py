"""Data that become part of a page as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.core.review import Severity
from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import (
    Cleans,
    function_text,
    is_call,
    is_from_outside,
    is_from_request,
    names_in,
    unclean_text,
    values_behind,
)
from localdev.rules.dangerous.guards import markup_cleaner
from localdev.rules.dangerous.pairs import pairs
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.grammars import syntax_of
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import is_fixed, parameters_of, reaching
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of
from localdev.source.syntax.values import Argument, holes, string_of

_PROPERTIES = words("innerHTML outerHTML srcdoc __html")
# Calls that take markup, with the place of it among the arguments.
_SINKS: dict[str, dict[str, int]] = {
    "javascript": {
        "document.write": 0,
        "document.writeln": 0,
        ".insertAdjacentHTML": 1,
        ".html": 0,
        ".createContextualFragment": 0,
        ".setHTMLUnsafe": 0,
        ".bypassSecurityTrustHtml": 0,
        ".bypassSecurityTrustScript": 0,
        ".bypassSecurityTrustUrl": 0,
        ".trustAsHtml": 0,
        "$sce.trustAsHtml": 0,
        "Handlebars.SafeString": 0,
        "SafeString": 0,
        ".parseHTML": 0,
    },
    "python": {
        "mark_safe": 0,
        "django.utils.safestring.mark_safe": 0,
        "Markup": 0,
        "markupsafe.Markup": 0,
        "flask.Markup": 0,
        "SafeString": 0,
        "SafeText": 0,
        "format_html": 0,
    },
    "go": {
        "template.HTML": 0,
        "template.JS": 0,
        "template.URL": 0,
        "template.HTMLAttr": 0,
        "template.CSS": 0,
        "template.JSStr": 0,
        "template.Srcset": 0,
        "html/template.HTML": 0,
        "html/template.JS": 0,
        "html/template.URL": 0,
    },
    "c_sharp": {"Html.Raw": 0, "HtmlString": 0, "MarkupString": 0, "MvcHtmlString.Create": 0, "MvcHtmlString": 0},
    "ruby": {"raw": 0, ".safe_concat": 0, "ActiveSupport.SafeBuffer.new": 0, "SafeBuffer.new": 0},
    "java": {
        "Html.fromHtml": 0,
        ".loadData": 0,
        "SafeHtmlUtils.fromTrustedString": 0,
        "SafeHtmlUtils.fromSafeConstant": 0,
    },
    "php": {"Markup": 0, "HtmlString": 0, "Html.raw": 0},
}
# Calls that answer a request with text; only data of that request, written into markup, counts.
_ANSWERS = words(
    """
    .send .write .end .println .print .printf .append fmt.Fprintf fmt.Fprint fmt.Fprintln io.WriteString w.Write
    HttpResponse django.http.HttpResponse Response flask.Response HTMLResponse make_response flask.make_response
    HTMLResponse starlette.responses.HTMLResponse fastapi.responses.HTMLResponse web.Response Response.Write Content
    .WriteAsync Results.Content .String .HTML .Data .SendString ResponseEntity.ok .body Html c.HTML render
    print printf render_inline
    """
)
# What jQuery's `html` is called on, to tell it from other methods of that name.
_ELEMENT = re.compile(
    r"\$|jQuery|.*\$|(?:.*\.)?(?:el|\w*(?:El|Elem|Element|Node|Container|Div|List|Body)|node|container|elem|element)\."
)
_TAG = re.compile(
    r"<\s*/?(?:html|head|body|h[1-6]|p|div|span|a|b|i|li|ul|ol|script|style|br|td|tr|th|table|pre|code|strong|em|title|img"
    r"|form|input|button|label|option|svg|iframe|section|main|header|footer|nav|hr|small|dl|dt|dd|textarea|center|font)\b"
    r"|text/html",
    re.IGNORECASE,
)
# What a file of Go holds whose templates make pages.
_PAGES_OF_GO = re.compile(
    r"http\.ResponseWriter|gin\.Context|echo\.Context|fiber\.Ctx|http\.Handler|\.html\b|\.gohtml|<(?:html|body|div|p|h1|a|td|li)\b|text/html"
)
# Values whose names say that somebody made them harmless, or that they are texts of the program.
_TRUSTED = re.compile(r"(?i)sanit|purif|trusted|xss|i18n|translat|\bnonce")
_ENCODED = re.compile(r"json_encode|\(int\)|\(float\)|\(bool\)")
_PAGE = re.compile(r"<!doctype\s+html|<html\b|<title\b|<body\b", re.IGNORECASE)
# Parameters that hold what somebody asked for or wrote.
_SAID = re.compile(
    r"(?i)\$?(?:request(?:ed)?_?|full_?|original_?|current_?|user_?|client_?|error_?)?(?:path|pathname|url|uri"
    r"|query(?:_?string)?|search(?:_?term)?|q|term|keyword|name|comment|referr?er|agent|email|message|msg|host)"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find writes of markup, answers with data in tags, templates that do not escape, and pages made by hand."""
    told: set[int] = set()
    for found in _written(file, tree):
        told.update(range(found.line, found.end_line + 1))
        yield found
    for found in _pages(file, tree):
        if found.line not in told:
            told.add(found.line)
            yield found
    for found in _beside_escaped(file, tree):
        if found.line not in told:
            yield found


def _written(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find what takes markup or answers with it, and what switches escaping off."""
    yield from _settings(file, tree)
    for call in calls(tree):
        if not file.touched(call.line, call.end_line):
            continue
        if tree.language in SCRIPT and _builds_markup(call):
            yield from _judged(file, tree, call.arguments[0], f"`{call.name}`", call.node)
        at = _sink(tree, call)
        if at is None and is_call(call, _ANSWERS):
            yield from _answer(file, tree, call)
        elif at is not None and at < len(call.arguments) and (call.last != "html" or _ELEMENT.match(call.name)):
            yield from _judged(file, tree, call.arguments[at], f"`{call.name}`", call.node)
    if tree.language == "ruby":
        yield from _html_safe(file, tree)
    if tree.language in ("php", "python"):
        yield from _statements(file, tree)


def _settings(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find properties that take markup, and environments that do not escape."""
    for each in assignments(tree) if tree.language in SCRIPT else ():
        if each.target.rpartition(".")[2] in _PROPERTIES:
            yield from _judged(file, tree, each.value, f"`{each.target.rpartition('.')[2]}`", each.node)
    if tree.language == "go" and _PAGES_OF_GO.search(tree.text):
        for node in nodes_of(tree, ("import_spec",)):
            if text_of(node).strip().endswith('"text/template"'):
                message = "`text/template` does not escape what it writes into pages"
                yield Found(file.path, line_of(node), message, suggestion="import `html/template`")
    for pair in pairs(tree):
        if pair.plain == "autoescape" and pair.value.strip() == "False":
            message = "templates of this environment do not escape data"
            yield Found(file.path, pair.line, message, pair.end_line, "leave `autoescape` on")


def _builds_markup(call: Call) -> bool:
    """Say whether jQuery is handed markup that is put together."""
    if (
        call.last not in ("append", "prepend", "after", "before", "replaceWith", "wrap", "$", "jQuery")
        or not call.arguments
    ):
        return False
    first = call.arguments[0]
    return first.kind in ("interpolated", "concatenated") and re.match(r"['\"`]\s*<\s*\w", first.text) is not None


def _sink(tree: SyntaxTree, call: Call) -> int | None:
    """Give the place of the markup among a call's arguments, None where it takes none."""
    sinks = _SINKS.get("javascript" if tree.language in SCRIPT else tree.language, {})
    for name in (
        call.resolved,
        call.name,
        ".".join(call.name.split(".")[-2:]),
        "." + call.name.rpartition(".")[2] if "." in call.name else "",
    ):
        if name in sinks:
            if (
                name == "format_html"
                and call.arguments
                and call.arguments[0].kind not in ("interpolated", "concatenated")
            ):
                return None
            return sinks[name]
    return None


def _judged(file: ChangedFile, tree: SyntaxTree, value: Argument, what: str, node: SyntaxNode) -> Iterator[Found]:
    """Yield a finding for data that become markup, worse where they come from outside."""
    cleans = markup_cleaner(tree)
    if any(_TRUSTED.search(unclean_text(each, cleans)) for each in values_behind(tree, value, cleans)):
        return
    if not _holds_data(tree, value, cleans):
        return
    severity: Severity = "high" if is_from_outside(tree, value, cleans) else "medium"
    yield Found(
        file.path,
        line_of(node),
        f"{what} takes data as markup: whoever writes them runs scripts in the page",
        min(end_line_of(node), line_of(node) + 6),
        "set text instead, or clean it first",
        severity,
    )


def _holds_data(tree: SyntaxTree, value: Argument, cleans: Cleans, steps: int = 4) -> bool:
    """Say whether something that is neither fixed nor cleaned is in an expression."""
    if value.kind == "literal" or is_fixed(tree, value) or cleans(value.node):
        return False
    names = [Argument(tree, name) for name in names_in(value.node, cleans)]
    if not names:
        return _OWN.search(unclean_text(value, cleans)) is not None
    for name in names:
        given = reaching(tree, name.node) if steps else ()
        if any(_holds_data(tree, each.value, cleans, steps - 1) for each in given):
            return True
        if not given and not is_fixed(tree, name):
            return True
    return False


_OWN = re.compile(r"\bthis\b|\bself\b|@\w|\$this")


def _answer(file: ChangedFile, tree: SyntaxTree, call: Call) -> Iterator[Found]:
    """Find data of the request that are written into the answer's tags."""
    if call.node.end_byte - call.node.start_byte > 2_000 or not any(
        _TAG.search(value.text) for each in call.arguments for value in values_behind(tree, each)
    ):
        return
    cleans = _answer_cleaner(tree)
    if any(is_from_outside(tree, each, cleans) for each in call.arguments):
        yield Found(file.path, call.line, _WRITTEN, min(call.end_line, call.line + 6), _ESCAPE, "high")


def _answer_cleaner(tree: SyntaxTree) -> Cleans:
    """Give what tells what is harmless in an answer: what is cleaned, and what a file holds, wherever it lies."""
    cleaned = markup_cleaner(tree)
    return lambda node: cleaned(node) or ("call" in node.type and _READ_FILE.match(text_of(node)[:60]) is not None)


_READ_FILE = re.compile(
    r"(?:await\s+)?(?:(?:\w+\.)*(?:ReadFile|read_?[fF]ile(?:Sync)?|ReadAll(?:Text|Bytes|Lines)(?:Async)?|readString|readAllBytes)"
    r"|(?:File|IO)\.(?:bin)?read|file_get_contents(?!\(['\"]php:)|(?:\w+\.)*read_(?:text|bytes|to_string)|open\([^\n]*\)\.read)\("
)
_WRITTEN = "data of the request are written into the page as markup"
_ESCAPE = "escape them, or use a template that does"


def _pages(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find whole pages put together by hand with what a function was handed and does not escape."""
    cleans = markup_cleaner(tree)
    for node, values in _texts_of_pages(file, tree):
        outside = parameters_of(tree, node)
        for value in values:
            left = [text_of(name) for name in names_in(value.node, cleans)]
            if is_from_request(tree, value, cleans) or any(each in outside and _SAID.fullmatch(each) for each in left):
                yield Found(file.path, value.line, _WRITTEN, value.end_line, _ESCAPE)


def _texts_of_pages(file: ChangedFile, tree: SyntaxTree) -> Iterator[tuple[SyntaxNode, Sequence[Argument]]]:
    """Yield the texts that hold a page, with the values put into them."""
    syntax = syntax_of(tree.language)
    for node in nodes_of(tree, syntax.strings if syntax is not None else ()):
        if file.touched(line_of(node), end_line_of(node)) and _PAGE.search(string_of(tree, node) or ""):
            yield node, [Argument(tree, hole) for hole in holes(tree, node)]
    for call in calls(tree):
        if call.last in _FORMATS and call.arguments and file.touched(call.line, call.end_line):
            receiver = string_of(tree, call.receiver) if call.receiver is not None else None
            form = receiver or string_of(tree, call.arguments[0].node)
            if form is not None and _PAGE.search(form):
                yield call.node, call.arguments


def _beside_escaped(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find what a function was handed and puts into markup as it is, where it escapes something else."""
    syntax, cleans = syntax_of(tree.language), markup_cleaner(tree)
    if syntax is None or not _ESCAPES.search(tree.text):
        return
    for node in nodes_of(tree, syntax.strings):
        if not file.touched(line_of(node), end_line_of(node)) or not _TAG.search(text_of(node)[:_LONGEST_PIECE]):
            continue
        if not _ESCAPES.search(function_text(node)):
            continue
        outside = parameters_of(tree, node)
        for hole in holes(tree, node):
            name = text_of(hole).strip("${} ")
            if name in outside and not _MADE.search(name) and not cleans(hole):
                yield Found(file.path, line_of(hole), _BESIDE.format(name), suggestion=_ESCAPE)


_BESIDE = "`{}` is put into markup as it is, while others here are escaped"
_LONGEST_PIECE = 4_000
_ESCAPES = re.compile(
    r"(?i)\bescape_?html\(|\bhtml_?escape\(|\bhtmlspecialchars\(|\bhtml\.escape(?:string)?\(|HtmlEncode\(|\bescapeXml\("
    r"|\bescape_?attr\w*\("
)
# Parameters that are markup already, or names and numbers of the program.
_MADE = re.compile(
    r"(?i)html|markup|body|content|child|inner|attr|class|css|style|icon|svg|tag|size|width|height|count|index|num|level"
    r"|type|kind|color|render|rows|cells|items|lines|options|script|nonce|head|foot|nav|layout|status|code|charset|lang|locale|version|port|^\w$|id$|escaped|safe"
)
_FORMATS = words("format format! Sprintf Fprintf sprintf formatted Format")


def _html_safe(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find Ruby's `html_safe` on anything but fixed text."""
    for node in nodes_of(tree, ("call",)):
        if text_of(node.child_by_field_name("method")) == "html_safe":
            receiver = node.child_by_field_name("receiver")
            if receiver is not None:
                yield from _judged(file, tree, Argument(tree, receiver), "`html_safe`", node)


def _statements(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find PHP's echo and Python's returned page with data of the request."""
    for node in nodes_of(tree, ("echo_statement", "return_statement", "print_intrinsic", "expression_statement")):
        value = next(iter(node.named_children), None)
        if value is None or not file.touched(line_of(node), end_line_of(node)):
            continue
        if node.type == "expression_statement" and not _is_short_echo(tree, node):
            continue
        text = text_of(value)
        if node.type == "return_statement" and (
            tree.language == "php" or value.type == "call" or not _TAG.search(text)
        ):
            continue
        if not _ENCODED.match(text) and is_from_outside(tree, Argument(tree, value), _answer_cleaner(tree)):
            yield Found(file.path, line_of(node), _WRITTEN, end_line_of(node), _ESCAPE, "high")


def _is_short_echo(tree: SyntaxTree, node: SyntaxNode) -> bool:
    """Say whether PHP writes an expression into the page by `<?= ... ?>`."""
    if tree.language != "php" or "<?=" not in tree.text:
        return False
    row, column = node.start_point
    before = tree.text.split("\n")[row].encode("utf-8", "replace")[:column]
    return before.rstrip().endswith(b"<?=")


RULE = Rule(
    id="unescaped-markup",
    family="dangerous-call",
    severity="medium",
    title="Data become part of a page as markup",
    explanation=(
        "What is put into `innerHTML`, `document.write`, `mark_safe`, `html_safe`, `template.HTML` "
        "and kin runs as script in the reader's browser. Set text, let the "
        "template escape, or clean it with a library made for that. It is `high` where the data come "
        "from a request or the address of the page."
    ),
    bad=Example(
        "note.js",
        "function show(note) {\n  document.getElementById('note').innerHTML = '<b>' + note.title + '</b>'\n}\n",
    ),
    good=Example("note.js", "function show(note) {\n  document.getElementById('note').textContent = note.title\n}\n"),
    check=in_code(
        _look,
        (
            "html",
            "text/template",
            "autoescape",
            "append(",
            "prepend(",
            "document.write",
            "srcdoc",
            "mark_safe",
            "markup",
            "safestring",
            "safetext",
            "template.",
            "raw",
            "safe_concat",
            "safebuffer",
            "echo",
            "<",
            "createcontextualfragment",
            "bypasssecurity",
            "trustas",
            "content",
        ),
    ),
)
