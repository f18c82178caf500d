"""The order of the layers, the origin of each value, and every way a value can be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from localdev.config import trust
from localdev.config.loader import Loaded, Origin, Sources, check_project, load, project_file, user_file
from localdev.config.settings import Value, get, keys
from localdev.core.errors import ConfigError
from localdev.core.folders import Folders


def loaded(
    folders: Folders,
    root: Path | None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, Value]] | None = None,
) -> Loaded:
    """Load with what a test cares about."""
    return load(Sources(folders, root, environ or {}, flags or {}))


def write_user(folders: Folders, text: str) -> Path:
    """Write the user's file."""
    path = user_file(folders)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_defaults_alone(folders: Folders, root: Path) -> None:
    """With nothing configured every value is the declared default."""
    result = loaded(folders, root)
    assert {name: get(result.settings, name) for name in keys()} == {name: key.default for name, key in keys().items()}
    assert set(map(str, result.origins.values())) == {"default"}
    assert not folders.config.exists()


def test_each_layer_wins_over_the_one_below(folders: Folders, root: Path) -> None:
    """Flags > environment > project > user > defaults, and each value knows its origin with the line."""
    layers: list[tuple[object, Origin]] = [(8, Origin("default"))]
    assert get(loaded(folders, root).settings, "ask.k") == 8
    user = write_user(folders, "# mine\n[ask]\nk = 2\n")
    layers.append((2, Origin("user", str(user), 3)))
    project = project_file(root)
    steps: list[tuple[dict[str, str], dict[str, tuple[str, Value]], object, Origin]] = [
        ({}, {}, 2, Origin("user", str(user), 3)),
        ({"LOCALDEV_ASK_K": "4"}, {}, 4, Origin("environment", "$LOCALDEV_ASK_K")),
        ({"LOCALDEV_ASK_K": "4"}, {"ask.k": ("-k", 5)}, 5, Origin("flag", "-k")),
    ]
    for environ, flags, value, origin in steps:
        result = loaded(folders, root, environ=environ, flags=flags)
        assert (result.settings.ask.k, result.origins["ask.k"]) == (value, origin)
    project.write_text("ask.k = 3\n")
    result = loaded(folders, root)
    assert (result.settings.ask.k, result.origins["ask.k"]) == (3, Origin("project", str(project), 1))
    assert loaded(folders, root, environ={"LOCALDEV_ASK_K": "4"}).settings.ask.k == 4
    assert loaded(folders, None).settings.ask.k == 2


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[ask]\nkk = 3\n", "unknown setting ask.kk ({file}:2)", "did you mean ask.k?"),
        ("ask.max_token = 3\n", "unknown setting ask.max_token ({file}:1)", "did you mean ask.max_tokens?"),
        ("zzzzqqqq = 3\n", "unknown setting zzzzqqqq ({file}:1)", "`localdev config show` lists the known keys"),
        ("\n[ask]\nk = 'x'\n", "ask.k = 'x' is not valid ({file}:3)", "ask.k has to be a whole number from 1 to 100"),
        ("[ask]\nk = true\n", "ask.k = True is not valid ({file}:2)", "ask.k has to be a whole number from 1 to 100"),
        ("ask = { k = 0 }\n", "ask.k = 0 is not valid ({file}:1)", "ask.k has to be a whole number from 1 to 100"),
        ("ask.temperature = nan\n", "ask.temperature = nan is not valid ({file}:1)", "a number from 0 to 2"),
        ("ui.color = 'red'\n", "ui.color = 'red' is not valid ({file}:1)", "one of auto, always, never"),
        ("journal.enabled = 1\n", "journal.enabled = 1 is not valid ({file}:1)", "true or false"),
        ("ask = 3\n", "unknown setting ask ({file}:1)", "did you mean ask.k?"),
        ("ask.k = \n", "{file} is not valid TOML", "correct that line"),
        ("ask.k = " + "9" * 5000 + "\n", "{file} is not valid TOML", "correct that line"),
        (".".join("a" * 3000) + " = 1\n", "{file} is not valid TOML", "correct that line"),
        ("ask.temperature = 1" + "0" * 400 + "\n", "ask.temperature = 1000", "a number from 0 to 2"),
        ('x = """\n' + " " * 900_000 + 'x\n"""\n', "unknown setting x ({file}:1)", "config show"),
        ("ask.k = [1]\n", "ask.k = [1] is not valid", "a whole number"),
    ],
)
def test_wrong_files(folders: Folders, root: Path, text: str, message: str, hint: str) -> None:
    """Each mistake in a file is an error that names the place and what to write."""
    path = write_user(folders, text)
    with pytest.raises(ConfigError) as caught:
        loaded(folders, root)
    assert message.format(file=path) in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("variable", "text", "hint"),
    [
        ("LOCALDEV_ASK_KK", "3", "did you mean LOCALDEV_ASK_K?"),
        ("LOCALDEV_ASK_K", "many", "ask.k has to be a whole number"),
        ("LOCALDEV_ASK_K", "101", "ask.k has to be a whole number"),
        ("LOCALDEV_LLAMA_THREADS", "513", "llama.threads has to be a whole number from 0 to 512"),
        ("LOCALDEV_JOURNAL_ENABLED", "perhaps", "true or false"),
        ("LOCALDEV_ASK_TEMPERATURE", "hot", "a number"),
    ],
)
def test_wrong_variables(folders: Folders, variable: str, text: str, hint: str) -> None:
    """An unknown variable or a value that does not fit is an error."""
    with pytest.raises(ConfigError) as caught:
        loaded(folders, None, environ={variable: text})
    assert hint in caught.value.hint
    assert variable in str(caught.value)


def test_variables_that_are_not_settings_are_left_alone(folders: Folders) -> None:
    """Empty variables count as not set; reserved ones and those of others are not read."""
    environ = {
        "LOCALDEV_ASK_K": "",
        "LOCALDEV_HOME": "/x",
        "LOCALDEV_TEST_LLAMA": "1",
        "PATH": "/bin",
        "LOCALDEVX": "1",
    }
    assert set(map(str, loaded(folders, None, environ=environ).origins.values())) == {"default"}


def test_every_key_can_be_set_by_its_variable(folders: Folders) -> None:
    """Each declared key is reachable from the environment with its own type."""
    for name, key in keys().items():
        text = key.choices[-1] if key.choices else str(key.default).lower()
        result = loaded(folders, None, environ={key.variable: text or "x"})
        assert result.origins[name].kind == "environment"
        assert type(get(result.settings, name)) is key.type


def test_a_file_that_is_not_text(folders: Folders, root: Path) -> None:
    """Bytes that are no UTF-8, a folder in the place of the file, and a huge file are errors with a hint."""
    path = write_user(folders, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        loaded(folders, root)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot read"):
        loaded(folders, root)
    path.rmdir()
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="too large"):
        loaded(folders, root)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
def test_a_link_to_a_device(folders: Folders, root: Path) -> None:
    """A link to an endless device is an error, and not read."""
    user_file(folders).parent.mkdir(parents=True)
    user_file(folders).symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="not a file"):
        loaded(folders, root)


def test_a_project_may_not_act_until_it_is_trusted(folders: Folders, root: Path) -> None:
    """Harmless keys count at once; a model only after `trust`, and no more when the file changes; the user is told."""
    path = project_file(root)
    path.write_text("model = 'theirs'\nask.k = 3\njournal.enabled = false\n")
    first = loaded(folders, root)
    assert (first.settings.model, first.settings.ask.k, first.settings.journal.enabled) == ("", 3, True)
    assert [notice.level for notice in first.notices] == ["warning", "warning"]
    assert "model not used" in first.notices[0].text
    assert "journal.enabled" in first.notices[1].text
    trust.grant(root, folders)
    second = loaded(folders, root)
    assert (second.settings.model, second.origins["model"].line) == ("theirs", 1)
    assert second.settings.journal.enabled
    path.write_text("model = 'other'\n")
    third = loaded(folders, root)
    assert third.settings.model == ""
    assert "changed since you trusted it" in third.notices[0].text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ask.max_tokens = 999999999\n", "ask.max_tokens = 999999999 is not valid"),
        (b"serch.k = 3\n", "unknown setting serch.k"),
        (b"x = 1\n" + b"".join(b"y%d = 1\n" % number for number in range(1000)), "not used, nor 1000 more"),
        (b"\x00garbage", "is not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * 1_000_001, "too large"),
    ],
)
def test_a_strangers_mistakes_stop_nothing(folders: Folders, root: Path, content: bytes, said: str) -> None:
    """Not trusted, a broken file is passed over with one warning; it cannot be trusted either."""
    project_file(root).write_bytes(content)
    result = loaded(folders, root)
    assert result.settings == loaded(folders, None).settings
    assert [notice.level for notice in result.notices] == ["warning"]
    assert said in result.notices[0].text
    with pytest.raises(ConfigError):
        check_project(root)


def test_what_is_right_in_a_strangers_file_still_counts(folders: Folders, root: Path) -> None:
    """A key that is free to set is used beside one that is unknown."""
    project_file(root).write_text("ask.k = 3\nserch.k = 4\n")
    assert loaded(folders, root).settings.ask.k == 3


def test_mistakes_in_a_trusted_file_are_errors(folders: Folders, root: Path) -> None:
    """Its owner wants to know; once it changes it is a stranger's again."""
    project_file(root).write_text("serch.k = 3\n")
    trust.grant(root, folders)
    with pytest.raises(ConfigError, match=r"serch\.k"):
        loaded(folders, root)
    project_file(root).write_text("serch.k = 4\n")
    assert "serch.k" in loaded(folders, root).notices[0].text


def test_a_link_out_of_the_repository_is_not_followed(folders: Folders, root: Path, tmp_path: Path) -> None:
    """A clone cannot have another file of the user read as settings; a link inside of the repository is fine."""
    (tmp_path / "other.toml").write_text("ask.k = 3\nsecret = 'x'\n")
    project_file(root).symlink_to(tmp_path / "other.toml")
    result = loaded(folders, root)
    assert (result.settings.ask.k, len(result.notices)) == (8, 1)
    assert "link out of the repository" in result.notices[0].text and "secret" not in result.notices[0].text
    with pytest.raises(ConfigError, match="link"):
        check_project(root)
    project_file(root).unlink()
    (root / "inner.toml").write_text("ask.k = 3\n")
    project_file(root).symlink_to("inner.toml")
    assert loaded(folders, root).settings.ask.k == 3


def test_mistakes_can_be_passed_over(folders: Folders, root: Path) -> None:
    """What helps to mend settings lists every mistake and works with the rest."""
    write_user(folders, "ask.k = 2\nzzzz = 1\nsearch.k = 0\n")
    result = load(Sources(folders, root, {"LOCALDEV_ASK_KK": "3"}, {}), tolerant=True)
    assert result.settings.ask.k == 2
    assert [str(problem).split(" (")[0] for problem in result.problems] == [
        "unknown setting zzzz",
        "search.k = 0 is not valid",
        "unknown environment variable LOCALDEV_ASK_KK",
    ]
    write_user(folders, "ask.k = ")
    assert len(load(Sources(folders, root, {}, {}), tolerant=True).problems) == 1


def test_a_model_for_this_run_comes_before_the_lists_of_a_file(folders: Folders) -> None:
    """`--model` and its variable do every job; a list given as strongly stays; a file's `model` yields to its lists."""
    write_user(folders, 'model = "common"\n[models]\nask = ["big", "small"]\n')

    def chosen(environ: dict[str, str], model: str = "") -> tuple[str, tuple[str, ...], str]:
        result = loaded(folders, None, environ=environ, flags={"model": ("--model", model)} if model else {})
        return result.settings.model, result.settings.models.ask, str(result.origins["models.ask"]).rpartition("/")[2]

    assert chosen({}) == ("common", ("big", "small"), "config.toml:3")
    assert chosen({}, "x") == ("x", (), "--model")
    assert chosen({"LOCALDEV_MODEL": "x"}) == ("x", (), "$LOCALDEV_MODEL")
    assert chosen({"LOCALDEV_MODEL": "x", "LOCALDEV_MODELS_ASK": "y"}) == ("x", ("y",), "$LOCALDEV_MODELS_ASK")
    assert chosen({"LOCALDEV_MODELS_ASK": "y"}, "x") == ("x", (), "--model")
