"""`config set` changes one key and keeps everything else of the file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.config.editing import set_value
from localdev.config.files import flatten, lines, read
from localdev.config.settings import keys
from localdev.core.errors import ConfigError

TEXT = """# about me
model = "old"  # the good one

[ask]
# few passages
k = 4

[ui]
color = "never"
"""


def test_comments_and_order_stay(root: Path) -> None:
    """Only the value changes; a new key goes into its table, a new table to the end."""
    path = root / "config.toml"
    path.write_text(TEXT)
    assert set_value(path, "ask.k", "9") == 9
    assert path.read_text() == TEXT.replace("k = 4", "k = 9")
    set_value(path, "ask.max_tokens", "10")
    set_value(path, "search.k", "7")
    set_value(path, "model", "new")
    text = path.read_text()
    assert "# few passages" in text and '"new"  # the good one' in text
    parsed = {name: value for name, (value, _) in read(path).items()}
    assert parsed == {"model": "new", "ask.k": 9, "ask.max_tokens": 10, "ui.color": "never", "search.k": 7}


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    """The folder and the file are created, readable by their owner alone."""
    path = tmp_path / "deep" / "config.toml"
    set_value(path, "model", "small")
    assert read(path) == {"model": ("small", 1)}
    assert path.stat().st_mode & 0o077 == 0


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """People keep their configuration elsewhere and link to it."""
    target, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    target.write_text("")
    link.symlink_to(target)
    set_value(link, "ask.k", "3")
    assert link.is_symlink()
    assert "k = 3" in target.read_text()


def test_a_project_link_out_of_the_repository_is_refused(root: Path) -> None:
    """A cloned repository cannot have another file of the user's changed or opened to others; links inside are fine."""
    target = root.parent / "credentials.toml"
    target.write_text("token = 'x'\n")
    target.chmod(0o600)
    link = root / ".localdev.toml"
    link.symlink_to(target)
    with pytest.raises(ConfigError, match="outside the repository"):
        set_value(link, "ask.k", "3", project=True)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("token = 'x'\n", 0o600)
    link.unlink()
    link.symlink_to("own.toml")
    set_value(link, "ask.k", "3", project=True)
    assert "k = 3" in (root / "own.toml").read_text()


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [("", "ask.kk", "3"), ("", "ask.k", "0"), ("ask = 3\n", "ask.k", "3"), ("ask.k = \n", "ask.k", "3")],
)
def test_mistakes_change_nothing(root: Path, text: str, key: str, value: str) -> None:
    """An unknown key, a value out of range and a broken file leave the file as it was."""
    path = root / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        set_value(path, key, value)
    assert path.read_text() == text


def test_a_project_may_not_set_the_users_keys(root: Path) -> None:
    """What a project file would be refused is refused when it is written."""
    with pytest.raises(ConfigError, match="may not set journal"):
        set_value(root / ".localdev.toml", "journal.enabled", "false", project=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(keys())), st.integers(0, 10_000)), min_size=1, max_size=8))
def test_any_sequence_of_edits_reads_back(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, int]]
) -> None:
    """After every accepted edit the file is TOML and holds exactly the last value of each key, with its line."""
    path = tmp_path_factory.mktemp("edits") / "config.toml"
    expected: dict[str, object] = {}
    for name, number in edits:
        key = keys()[name]
        text = key.choices[0] if key.choices else ("true" if key.type is bool else str(number))
        try:
            value = set_value(path, name, text)
            expected[name] = list(value) if isinstance(value, tuple) else value
        except ConfigError:
            continue
        content = path.read_text()
        assert flatten(tomllib.loads(content)) == expected
        assert set(lines(content)) == set(expected)
