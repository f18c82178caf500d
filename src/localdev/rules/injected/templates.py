"""Templates whose text holds data, and so does whatever the data say in the template's language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import is_from_outside
from localdev.rules.injected.holes import dangerous, has_text, judged, known
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument

_ENGINES: dict[str, frozenset[str]] = {
    "python": words("""
        jinja2.Template flask.render_template_string render_template_string .from_string mako.template.Template
        tornado.template.Template django.template.Template Template chameleon.PageTemplate bottle.template
        bottle.SimpleTemplate quart.render_template_string Environment.from_string
        """),
    "javascript": words("""
        ejs.render ejs.compile pug.render pug.compile jade.render jade.compile handlebars.compile Handlebars.compile
        nunjucks.renderString nunjucks.compile lodash.template underscore.template _.template mustache.render
        Mustache.render dot.template doT.template swig.render swig.compile hogan.js.compile hogan.compile Twig.twig
        art-template.render handlebars.precompile eta.render eta.renderString eta.compile squirrelly.render
        .renderString velocityjs.render
        """),
    "go": words(".Parse"),
    "rust": words("Tera.one_off tera.Tera.one_off .render_str .render_template .add_raw_template .add_template"),
    "java": words("""
        .evaluate Velocity.evaluate Template freemarker.template.Template .fromString .compileInline .process
        Mustache.compiler.compile .getLiteralTemplate .parseString Engine.getTemplate .putTemplate
        """),
    "c_sharp": words("""
        Razor.Parse Engine.Razor.RunCompile Engine.Razor.Compile .RunCompile .CompileRenderStringAsync Template.Parse
        Handlebars.Compile RazorEngine.Razor.Parse Razor.Compile .RunCompileAsync
        """),
    "ruby": words("""
        ERB.new Erubis.Eruby.new Erubi.Engine.new Haml.Engine.new Slim.Template.new Tilt.new Haml.Template.new
        Tilt.ERBTemplate.new ERB::new Mustache.render Liquid.Template.parse ActionView.Template.new render
        """),
    "php": words("""
        .createTemplate Blade.render Blade.compileString .compileString .loadTemplateFromString .display .fetch
        .renderString Twig.render template_from_string
        """),
}
_ENGINES["typescript"] = _ENGINES["tsx"] = _ENGINES["javascript"]
_IS_GO = re.compile(r"(?:text|html)/template")
_IS_GO_NAME = re.compile(r"(?i)template|tmpl|tpl|\bt\.|New\.Parse")
_SUGGESTION = "keep the template fixed and hand the data to it as variables"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find templates whose text holds data."""
    engines = _ENGINES.get(tree.language, frozenset())
    for call in meant(tree):
        if not known(engines, call) or not file.touched(call.line, call.end_line):
            continue
        for argument in _texts(tree, call):
            severity = _judged(tree, argument)
            if severity is not None:
                message = "data are put into the text of a template: what they say in its language is run"
                yield Found(file.path, call.line, message, call.end_line, _SUGGESTION, severity)
                break


def _texts(tree: SyntaxTree, call: Call) -> list[Argument]:
    """Give the arguments that are the text of a template."""
    plain = [each for each in call.arguments if not each.keyword]
    text, language = tree.text, tree.language
    if language == "python":
        return _of_python(call, plain, text)
    if language == "java":
        return _of_java(call, plain, text)
    if language == "go":
        return plain[:1] if _IS_GO.search(text) and _IS_GO_NAME.search(call.name) else []
    if language == "ruby" and call.last == "render":
        inline = call.keyword("inline")
        return [inline] if inline is not None else []
    if language == "php" and call.last in ("display", "fetch", "render"):
        return [each for each in plain[:1] if build(tree, each).text.startswith(("string:", "eval:"))]
    return plain[: 2 if language == "rust" else 1]


def _of_python(call: Call, plain: list[Argument], text: str) -> list[Argument]:
    """Give the text of a template in Python, where several libraries call it `Template`."""
    if call.resolved == "string.Template":
        return []
    if call.resolved == "Template" and not any(word in text for word in ("jinja", "mako", "tornado", "django")):
        return []
    return (plain or [each for each in call.arguments if each.keyword == "source"])[:1]


def _of_java(call: Call, plain: list[Argument], text: str) -> list[Argument]:
    """Give the text of a template in Java, whose engines share the names of their methods with much else."""
    if call.last == "evaluate":
        return plain[3:4] if "elocity" in call.name or "velocity" in text else []
    if call.last == "Template":
        return plain[1:2] if "freemarker" in text else []
    if call.last == "process":
        return plain[:1] if "thymeleaf" in text.lower() and "ngine" in call.name else []
    return plain[:1] if any(word in text for word in ("pebble", "freemarker", "handlebars", "ustache")) else []


def _judged(tree: SyntaxTree, argument: Argument) -> Severity | None:
    """Judge the text of a template."""
    built = build(tree, argument)
    holes = dangerous(tree, built)
    if not holes:
        return None
    if any(is_from_outside(tree, hole) for hole in holes):
        return "high"
    built_here = has_text(built) and argument.kind != "call"
    return "medium" if built_here and tree.language not in SCRIPT else "low" if built_here else None


RULE = Rule(
    id="template-injection",
    family="dangerous-call",
    severity="high",
    title="Data are put into the text of a template",
    explanation=(
        "Template languages can call functions and read objects, so data that become part of a template's "
        "text can run code. "
        "Keep the text fixed and hand the data over as variables."
    ),
    bad=Example(
        "views.py",
        "from flask import render_template_string, request\n\n\ndef hello():\n"
        '    return render_template_string("Hello " + request.args["name"])\n',
    ),
    good=Example(
        "views.py",
        "from flask import render_template_string, request\n\n\ndef hello():\n"
        '    return render_template_string("Hello {{ name }}", name=request.args["name"])\n',
    ),
    check=in_code(
        judged(_look),
        (
            "template",
            "ejs",
            "pug",
            "jade",
            "handlebars",
            "nunjucks",
            "mustache",
            "from_string",
            "erb",
            "razor",
            "render",
            "velocity",
            "haml",
            "slim",
            "tilt",
            "tera",
            "blade",
            "swig",
            "liquid",
            "eruby",
            "smarty",
            "twig",
        ),
    ),
)
