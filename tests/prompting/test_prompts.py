"""Prompt files: finding, reading, rendering."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.errors import ConfigError, NotFound
from localdev.prompting.prompts import load_prompt, parse_prompt, render_prompt, shipped_folder

GOOD = """+++
id = "p"
version = "1"
variables = ["name"]
+++
=== system ===
Be brief.
=== user ===
Hello {{ name }}
"""


def write(folder: Path, text: str, version: str = "1") -> Path:
    """Write a prompt file and give its path."""
    path = folder / "p" / f"{version}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_prompts_are_well_formed() -> None:
    """Every file under prompts/ can be read and is named after its id and version."""
    files = sorted(shipped_folder().glob("*/*.md"))
    assert files
    for path in files:
        prompt = parse_prompt(path)
        assert (prompt.id, prompt.version) == (path.parent.name, path.stem)


def test_the_instructions_of_ask_are_short_and_first() -> None:
    """The stable part comes first, is the same for every question, and stays below 300 tokens (3.5 characters each)."""
    prompt = load_prompt("ask")
    one = render_prompt(prompt, {"passages": [], "extra": "", "question": "one?"})
    two = render_prompt(prompt, {"passages": [], "extra": "x", "question": "two?"})
    assert one[0] == two[0]
    assert one[0].role == "system"
    assert len(one[0].content) / 3.5 <= 300


def test_the_instructions_of_a_chat_are_short_and_first() -> None:
    """As those of ask; what stood before is named by its numbers, attachments by their names."""
    prompt = load_prompt("chat")
    values = {"passages": [], "standing": [], "attachments": [], "question": "one?"}
    one = render_prompt(prompt, values)
    given = [{"name": "log", "text": "{{ x }}"}]
    two = render_prompt(prompt, {**values, "standing": [1, 12], "attachments": given})
    assert one[0] == two[0] and one[0].role == "system" and len(one[0].content) / 3.5 <= 300
    assert one[1].content == "Question: one?"
    shown = "See also what was shown before: [1], [12]\n\nGiven by the user, log:\n\n{{ x }}\n\nQuestion: one?"
    assert two[1].content == shown


def test_passages_come_numbered_before_the_question() -> None:
    """A passage is headed by its number, place and lines; the question is the last line."""
    passage = {"path": "a.py", "start_line": 3, "end_line": 4, "text": "x = 1\ny = 2"}
    messages = render_prompt(load_prompt("ask"), {"passages": [passage], "extra": "", "question": "why?"})
    assert messages[1].content == "[1] a.py:3-4\nx = 1\ny = 2\n\nQuestion: why?"


def test_a_passage_is_never_a_template() -> None:
    """Template marks in code reach the model as they stand."""
    passage = {"path": "a", "start_line": 1, "end_line": 1, "text": "{{ 7 * 7 }} {% raw %}"}
    messages = render_prompt(load_prompt("ask"), {"passages": [passage], "extra": "", "question": "{{ x }}"})
    assert "{{ 7 * 7 }} {% raw %}" in messages[1].content
    assert messages[1].content.endswith("Question: {{ x }}")


def test_the_newest_version_wins_unless_one_is_named(tmp_path: Path) -> None:
    """Versions compare as numbers: 10 is newer than 9."""
    for version in ("9", "10", "2"):
        write(tmp_path, GOOD.replace('"1"', f'"{version}"'), version)
    assert load_prompt("p", folders=[tmp_path]).version == "10"
    assert load_prompt("p", version="2", folders=[tmp_path]).version == "2"


def test_the_users_folder_wins(tmp_path: Path) -> None:
    """A prompt of the same id in an earlier folder hides the shipped one."""
    path = tmp_path / "ask" / "1.md"
    path.parent.mkdir()
    path.write_text(GOOD.replace('"p"', '"ask"'), encoding="utf-8")
    assert load_prompt("ask", folders=[tmp_path]).sections[0][1] == "Be brief."


@pytest.mark.parametrize("name", ["nothing", "../ask", "", "Ask"])
def test_unknown_prompts_are_errors(name: str) -> None:
    """A name that is not there, or no name at all, is refused."""
    with pytest.raises(NotFound):
        load_prompt(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter",
        GOOD.replace("+++\n=", "=", 1),
        GOOD.replace('id = "p"', "id = "),
        GOOD.replace("variables", "variabels"),
        GOOD.replace('["name"]', "3"),
        GOOD.replace('["name"]', "9" * 5000),
        GOOD.replace("=== user ===", "=== robot ==="),
        GOOD.replace("=== system ===\nBe brief.\n=== user ===", ""),
        GOOD.replace("=== system ===", "stray\n=== system ==="),
    ],
)
def test_malformed_files_are_errors(tmp_path: Path, text: str) -> None:
    """Front matter and sections are checked when the file is read."""
    with pytest.raises(ConfigError) as caught:
        parse_prompt(write(tmp_path, text))
    assert caught.value.hint


@given(st.binary(max_size=200))
def test_no_file_content_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the bytes, the outcome is a prompt or a ConfigError."""
    path = tmp_path_factory.mktemp("p") / "1.md"
    path.write_bytes(b"+++\n" + data + b"\n+++\n" + data)
    with pytest.raises(ConfigError):
        parse_prompt(path)


@pytest.mark.parametrize(
    "body",
    [
        "{{ other }}",
        "{{ name.__class__ }}",
        "{{ name.missing }}",
        "{% for %}",
        "{{ 1 / 0 }}",
        "{{ '{1}'.format(name) }}",
        "{{ name.encode('nothing') }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% for a in [1] %}" * 40 + "{% endfor %}" * 40,
    ],
)
def test_templates_that_fail_are_errors(tmp_path: Path, body: str) -> None:
    """Undeclared variables, attribute tricks, bad syntax, arithmetic and endless recursion end in a ConfigError."""
    prompt = parse_prompt(write(tmp_path, GOOD.replace("{{ name }}", body)))
    with pytest.raises(ConfigError):
        render_prompt(prompt, {"name": "x"})


def test_values_must_match_the_declared_variables(tmp_path: Path) -> None:
    """A value that is missing or too many is named."""
    prompt = parse_prompt(write(tmp_path, GOOD))
    with pytest.raises(ConfigError, match="disagree about extra"):
        render_prompt(prompt, {"name": "x", "extra": "y"})
