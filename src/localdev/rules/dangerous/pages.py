"""Templates that leave out escaping. They have no grammar here, so only the marks themselves are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule

# What switches escaping off, by the end of the file's name.
_MARKS: dict[tuple[str, ...], re.Pattern[str]] = {
    (".html", ".htm", ".jinja", ".jinja2", ".j2", ".twig", ".njk", ".liquid", ".html.tera"): re.compile(
        r"\{\{(?!-?\s*(?:form|csrf|content|body|page\.content|super|caller|csrf_\w+|get_\w+|static|url)\b)[^{}]*\|\s*(?:safe|raw)\b[^{}]*\}\}|\{%-?\s*autoescape\s+(?:false|off)"
    ),
    (".erb", ".haml", ".slim"): re.compile(r"<%==(?!=)|<%=\s*raw[ (]|<%=[^%]*\.html_safe\b|^\s*!=\s|^\s*==\s"),
    (".vue",): re.compile(r"\bv-html\s*="),
    (".svelte",): re.compile(r"\{@html\s"),
    (".ejs",): re.compile(r"<%-(?!\s*(?:include|partial|contentFor|body)\b)"),
    (".hbs", ".handlebars", ".mustache"): re.compile(r"\{\{\{(?!\s*(?:body|content|yield)\b)[^}]"),
    (".cshtml", ".razor"): re.compile(r"@Html\.Raw\(|\(MarkupString\)"),
    (".blade.php",): re.compile(r"\{!!(?!\s*(?:csrf_field|json_encode|\$\w+->links|Form::|Html::|html\()).*?!!\}"),
    (".phtml", ".php"): re.compile(r"<\?=\s*\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\b"),
    (".jsp", ".jspx"): re.compile(r"<%=\s*request\.getParameter|escapeXml\s*=\s*\"false\""),
    (".ftl", ".vm", ".pug"): re.compile(r"\?no_esc\b|^\s*\w*!=\s"),
}
_CLEANED = re.compile(r"(?i)sanit|purify|escape|clean|trusted|json|markdown|nonce")


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Look at the added lines of templates."""
    for file in change.files:
        mark = next((mark for ends, mark in _MARKS.items() if file.path.lower().endswith(ends)), None)
        if mark is not None and not (is_vendored(file.path) or is_test(file.path) or is_example(file.path)):
            yield from _look(file, mark)


def _look(file: ChangedFile, mark: re.Pattern[str]) -> Iterator[Found]:
    """Find the mark on the added lines of one file."""
    for line in file.change.added():
        match = mark.search(line.text)
        if match is not None and not _CLEANED.search(line.text[match.start() : match.end() + 60]):
            yield Found(
                file.path,
                line.new_line,
                f"`{match.group().strip()[:40]}` writes data into the page as markup",
                suggestion="let the template escape it, or clean it first",
            )


RULE = Rule(
    id="unescaped-template",
    family="dangerous-call",
    severity="medium",
    title="A template leaves out escaping",
    explanation=(
        "`|safe`, `raw`, `v-html`, `{{{`, `{!!` and kin write data into the page as they are: "
        "scripts in them run. Let the template escape, or clean the data with a library made for that."
    ),
    bad=Example("templates/note.html", "<h1>{{ note.title | safe }}</h1>\n"),
    good=Example("templates/note.html", "<h1>{{ note.title }}</h1>\n"),
    check=_check,
)
