"""Chat templates are judged by their text: every attack is found by its rule, and what is ordinary passes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.backends.llamacpp.templates import KNOWN, PLAIN_TEMPLATE
from localdev.models.gguf import read_header
from localdev.models.vetting.templates import (
    ACCEPTABLE,
    RULES,
    digest_of,
    known_templates,
    normalised,
    scan_template,
)
from scripts.hostile.templates import framed, harmless_templates, hostile_templates
from scripts.known_templates import entries

HOSTILE = {name: (text, rule) for name, text, rule in hostile_templates()}
HARMLESS = dict(harmless_templates())
# What is worth a warning or a note, and no refusal: rule, severity, a block that has it, one that has not.
MILD = [
    ("template-position", "warn", "{% if messages|length > 7 %}{% endif %}", "{% if messages|length > 1 %}{% endif %}"),
    ("template-position", "warn", "{% if loop.index == 5 %}x{% endif %}", "{% if loop.index0 == 0 %}x{% endif %}"),
    ("template-position", "warn", "{% if loop.index0 % 9 %}x{% endif %}", "{% if loop.index0 % 2 %}x{% endif %}"),
    ("template-position", "warn", "{% if messages[8:] %}x{% endif %}", "{% for n in messages[1:] %}x{% endfor %}"),
    ("template-position", "warn", "{% for i in range(messages|length - 9) %}{% endfor %}", "{{ messages|length }}"),
    ("template-position", "warn", "{{ ['', '', 'x'][loop.index0] }}", "{{ ['', 'x'][-1] }}"),
    ("template-position", "warn", "{% if m.content|length > 900 %}{% endif %}", "{% if m.content|length %}{% endif %}"),
    (
        "template-position",
        "warn",
        "{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{% if ns.n > 6 %}x{% endif %}",
        "{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{% if ns.n > 1 %}x{% endif %}",
    ),
    ("template-position", "warn", "{% if m.content|length in [5, 7] %}{% endif %}", "{% if m in [5] %}{% endif %}"),
    ("template-replace", "warn", "{{ m.content|reverse }}", "{{ m.content|trim }}"),
    ("template-change", "warn", "{% set a = [] %}{{ a.append(1) }}", "{% set a = [] %}{% set a = a + [1] %}"),
    ("template-date-shown", "note", "{{ strftime_now('%d %b %Y') }}", "{{ '26 Jul 2024' }}"),
    ("template-says", "note", "You are a helpful assistant.", "<|im_start|>"),
]  # fmt: skip


def found(text: str, severity: str = "refuse") -> set[str]:
    """Give the rules of one severity that a template breaks."""
    return {each.rule for each in scan_template(text).findings if each.severity == severity}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_attack_is_refused_by_its_rule(name: str) -> None:
    """Each hostile template is refused for what it does, at once, and says where."""
    text, rule = HOSTILE[name]
    started = time.process_time()
    report = scan_template(text)
    assert time.process_time() - started < 5
    mine = [each for each in report.findings if each.rule == rule]
    assert mine, report.findings
    assert mine[0].severity == "refuse"
    assert "(line " in mine[0].message


@pytest.mark.parametrize("name", HARMLESS)
def test_what_published_templates_do_passes(name: str) -> None:
    """What looks alike and is ordinary is neither refused nor warned of."""
    assert [each for each in scan_template(HARMLESS[name]).findings if each.severity != "note"] == []


@pytest.mark.parametrize(("rule", "severity", "bad", "good"), MILD)
def test_what_is_not_refused_is_told(rule: str, severity: str, bad: str, good: str) -> None:
    """Warnings and notes have their rules, and their limits."""
    assert rule in found(framed(inside=bad), severity)
    assert found(framed(inside=bad)) == set()
    assert rule not in found(framed(inside=good), severity)


def test_every_rule_has_an_example() -> None:
    """No rule is there that nothing tries; structural ones cannot be overruled."""
    assert {rule for _, rule in HOSTILE.values()} | {rule for rule, *_ in MILD} == RULES.keys()
    assert RULES.keys() >= ACCEPTABLE
    structural = {"template-import", "template-attribute", "template-call", "template-loop", "template-growth"}
    assert not structural & ACCEPTABLE


@pytest.mark.parametrize("template", [*KNOWN, PLAIN_TEMPLATE], ids=lambda each: each.name)
def test_own_templates_are_clean(template: object) -> None:
    """The templates this program has for files without one pass its own scan."""
    source = getattr(template, "source", "")
    assert source
    assert [each for each in scan_template(source).findings if each.severity != "note"] == []


def test_the_template_of_the_tiny_model_is_clean() -> None:
    """So does the one in the model that the tests run."""
    header = read_header(Path(__file__).parents[1] / "data" / "tiny.gguf")
    template = header.metadata.get("tokenizer.chat_template")
    assert isinstance(template, str)
    assert found(template) | found(template, "warn") == set()


def test_texts_of_its_own_are_told() -> None:
    """What a template adds is listed without control tokens; what it compares with or fails with is not said."""
    text = framed(
        front="<|im_start|>system\nYou are Ada, who writes in verse.<|im_end|>\n",
        inside="{% if m.role == 'a role with words' %}{{ raise_exception('no such role is known') }}{% endif %}",
    )
    assert scan_template(text).said == ("system You are Ada, who writes in verse.",)


def test_a_known_template_is_named_and_its_judgements_are_notes() -> None:
    """A digest of a published template turns what is a matter of judgement into notes."""
    text = framed(inside="{% if 'invoice' in m.content %}x{% endif %}")
    report = scan_template(text, {digest_of(text): "Some-7B, someone/templates"})
    assert report.known == "Some-7B, someone/templates"
    assert {each.severity for each in report.findings if each.rule == "template-trigger"} == {"note"}
    assert scan_template(text).known == ""
    assert scan_template(text).digest == digest_of(text)


def test_a_known_digest_excuses_nothing_structural() -> None:
    """No digest switches off what protects the machine."""
    text = framed(inside="{% include 'x' %}")
    assert "template-import" in {
        each.rule for each in scan_template(text, {digest_of(text): "known"}).findings if each.severity == "refuse"
    }


def test_copies_with_other_line_ends_are_known_too() -> None:
    """Line ends and blanks at the ends of lines do not make another template; anything else does."""
    text = framed(front="{% set a = 1 %}\n  ")
    known = {digest_of(normalised(text)): "known"}
    assert scan_template(text.replace("\n", "\r\n") + "\n", known).known == "known"
    assert scan_template(text.replace("\n", " \n"), known).known == "known"
    assert scan_template(text.replace("a = 1", "a = 2"), known).known == ""


def test_the_table_of_published_templates() -> None:
    """The table holds digests of several hundred templates, each with its name and source, and no text of theirs."""
    table = json.loads((Path(scan_template.__globals__["__file__"]).parent / "known_templates.json").read_text())
    assert len(table["templates"]) > 250
    for each in table["templates"]:
        assert set(each) == {"name", "repository", "commit", "path", "digest", "normalised"}
        assert all(len(each[key]) == 64 and int(each[key], 16) for key in ("digest", "normalised"))
        assert "{%" not in json.dumps(each)
    names = " ".join(known_templates().values())
    for family in ("Qwen2.5", "Qwen3-Coder", "Llama-3.1", "gemma", "Mistral", "granite", "DeepSeek", "Phi-3.5"):
        assert family.lower() in names.lower()


def test_the_table_is_rebuilt_from_folders(tmp_path: Path) -> None:
    """The script takes each template once, under its first name, and leaves out what is structurally wrong."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / f"{folder.name}.jinja").write_text(framed(), encoding="utf-8")
    (second / "bad.jinja").write_text("{% include 'x' %}", encoding="utf-8")
    (second / "template").mkdir()
    listed = [{"name": "listed", "template": framed() + "\n"}]
    (second / "template" / "index.json").write_text(json.dumps(listed), encoding="utf-8")
    made = list(entries([f"a/b@1234={first}", f"c/d@5678={second}"]))
    assert [(each["name"], each["repository"], each["commit"]) for each in made] == [
        ("first", "a/b", "1234"),
        ("listed", "c/d", "5678"),
    ]
    assert made[0]["digest"] == digest_of(framed())
    assert made[0]["normalised"] == made[1]["normalised"]


def test_findings_show_what_cannot_be_seen() -> None:
    """A message holds no control character of the template's, and no more than a short piece of it."""
    text = framed(inside="{{ m['\x1b[2J\u202e__cl' ~ 'ass__'] }}" + "{{ m." + "a" * 500 + ".__class__ }}")
    for each in scan_template(text).findings:
        assert each.message.isprintable()
        assert len(each.message) < 250
    assert scan_template(framed(end="\x1b[2J")).findings[0].message.count("\\x1b") == 1


def test_the_line_is_that_of_the_template() -> None:
    """A finding names the line where it is."""
    report = scan_template("{% for m in messages %}\n{{ m.content }}\n{{ lipsum() }}\n{% endfor %}")
    assert any("(line 3)" in each.message for each in report.findings if each.rule == "template-call")


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 60_000,
        "{#" * 60_000,
        " " * 120_000,
        "<" * 120_000,
        ("a" * 500 + "\u00e9") * 200,
        "{% set a0 = 'x' %}" + "".join(f"{{% set a{n + 1} = a{n} ~ a{n} %}}" for n in range(900)),
        "{% set x = 'a' * 9999 %}" + "".join(f"{{{{ x ~ 'b{n}' }}}}" for n in range(5000)),
        "{% macro m(a) %}" + "{{ m(a.b) }}" * 5000 + "{% endmacro %}",
        "{% set w = [" + ",".join(f"'w{n}'" for n in range(300)) + "] %}"
        + "{% if messages[0].content in w %}{% endif %}" * 2000,
        "{{ " + "a.b" * 1 + ".c" * 90 + " }}" * 500,
        "\ud800",
        "",
    ],
    ids=lambda text: f"{text[:12]!r} {len(text)}",
)  # fmt: skip
def test_scanning_is_bounded(text: str) -> None:
    """However a template is made, reading it takes seconds of work at most and raises nothing."""
    started = time.process_time()
    scan_template(text)
    assert time.process_time() - started < 6


_FRAGMENTS = """
{{ }} {% %} {# #} if for in macro set endif endfor endmacro endset else elif call endcall filter endfilter messages m
content loop ns namespace(a=1) x 'text' "q" 1 -1 1e999 0 [ ] ( ) { } . , : | ~ + - * ** / // % = == != < > not and or is
defined string length replace join map select attr format range(3) [::-1] [0] ['content'] .content .format
strftime_now('%d') raise_exception('a') generation endgeneration break
"""
_PIECES = st.sampled_from(_FRAGMENTS.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=25).map(" ".join), st.text(max_size=20))
def test_no_text_makes_it_fail(pieces: str, text: str) -> None:
    """Whatever stands in a template, the scan ends with a report."""
    for each in (pieces, "{{ " + pieces + " }}", "{% if " + pieces + " %}" + text + "{% endif %}", text):
        report = scan_template(each)
        assert len(report.digest) == 64
        assert all(found.message.isprintable() for found in report.findings)
