"""What `init` says: what works in a place, which steps come next, and the settings file to begin with."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.app.hints import example, how_to_get_a_model, suggested
from localdev.app.nearby import Nearby
from localdev.app.starter import starter_text, write_starter
from localdev.app.starting import Place, look, steps, works
from localdev.config.loader import Sources, load, project_file
from localdev.config.settings import build, keys
from localdev.core.errors import ConfigError, UsageError
from localdev.core.folders import Folders
from localdev.models.store import Adding, ModelStore
from tests.backends.ollama_server import plain, serve_bodies, tags
from tests.backends.openai_server import free_port

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
GB = 10**9
BARE = Place(Path("/r"), git=True, files=0, engine=False, memory=8 * GB, suggestion=suggested(memory_bytes=8 * GB))


def commands(place: Place) -> list[str]:
    """List the commands of all steps."""
    return [command.strip("`") for step in steps(place) for command in step.commands]


@pytest.fixture
def quiet(folders: Folders) -> dict[str, str]:
    """Give settings whose servers are ports that nothing listens on."""
    return {
        "remote.ollama_url": f"http://127.0.0.1:{free_port()}",
        "remote.openai_url": f"http://127.0.0.1:{free_port()}/v1",
    }


def test_a_bare_machine_is_told_everything() -> None:
    """The engine, the egress line, the model to pull, the way without a network, and the index, in this order."""
    told = commands(replace(BARE, allow="huggingface.co"))
    assert told == [
        "localdev setup llama",
        "localdev config set egress.allow huggingface.co",
        "localdev models pull hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf",
        "localdev models add qwen2.5-coder-7b-instruct-q4_k_m.gguf",
        "localdev index",
    ]


@pytest.mark.parametrize(
    ("place", "first"),
    [
        (replace(BARE, engine=True), "localdev models pull hf:"),
        (replace(BARE, files=3, models=("a",)), "localdev setup llama"),
        (replace(BARE, engine=True, models=("a", "b")), "localdev config set model a"),
        (replace(BARE, configured=("a",)), "localdev setup llama"),
        (replace(BARE, engine=True, suggestion=None), "localdev models add FILE.gguf"),
        (replace(BARE, engine=True, models=("a",)), "localdev index"),
        (replace(BARE, configured=("ollama:m",)), "localdev index"),
    ],
)
def test_the_first_step_is_what_is_missing(place: Place, first: str) -> None:
    """What is there is not asked for again."""
    assert commands(place)[0].startswith(first)


def test_nothing_is_missing() -> None:
    """An indexed repository with a model that answers needs no step."""
    assert steps(replace(BARE, files=3, engine=True, models=("a",))) == []
    assert any("by a" in line for line in works(replace(BARE, engine=True, models=("a",))))


def test_what_works_without_a_model() -> None:
    """Search and answers with passages work; a model without its engine does not write them."""
    for place in (BARE, replace(BARE, models=("a",)), replace(BARE, engine=True, models=("a", "b"))):
        assert any("with the passages themselves" in line for line in works(place))
    assert "no git repository" in works(replace(BARE, git=False))[0]


def test_what_a_server_calls_its_model_is_no_command() -> None:
    """A name that a shell would obey is quoted where it is to be typed."""
    told = commands(replace(BARE, servers=(Nearby("ollama", "http://127.0.0.1:1", True, models=("a;reboot",)),)))
    assert told[0] == "localdev config set model 'ollama:a;reboot'"


def test_a_model_of_a_server_comes_first(folders: Folders, root: Path, quiet: dict[str, str]) -> None:
    """A real server on loopback is asked; of its models one that answers is named, not one that embeds."""
    answers = {"tags": tags("nomic-embed-text:latest", "coder:7b"), "version": plain({"version": "0.33.0"})}
    with serve_bodies(**answers) as asked:
        place = look(folders, root, build({**quiet, "remote.ollama_url": asked.url}))
    assert [(server.kind, server.models) for server in place.servers] == [
        ("ollama", ("nomic-embed-text:latest", "coder:7b"))
    ]
    assert commands(place)[0] == "localdev config set model ollama:coder:7b"
    assert any("2 models" in line for line in works(place))


def test_an_empty_ollama_can_get_a_model() -> None:
    """Where an Ollama answers and has no model, it is offered as one that gets it; no engine is needed then."""
    told = commands(replace(BARE, servers=(Nearby("ollama", "http://127.0.0.1:1", True),)))
    assert "localdev models pull ollama:qwen2.5-coder:7b" in told
    assert told.index("localdev config set model ollama:qwen2.5-coder:7b") < told.index("localdev index")


def test_looking_at_a_folder(folders: Folders, root: Path, quiet: dict[str, str]) -> None:
    """Without network, git, index and models it still says what there is, and writes nothing."""
    place = look(folders, root, build(dict(quiet)))
    assert (place.git, place.files, place.models, place.servers) == (False, 0, (), ())
    assert place.allow == "huggingface.co:443" and place.memory > 0
    assert not folders.data.exists() and sorted(path.name for path in root.iterdir()) == ["cart.py", "pay.py"]


@pytest.mark.parametrize(
    ("settings", "allow"),
    [
        ({}, "huggingface.co:443"),
        ({"egress.allow": ("gpu.example",)}, "gpu.example,huggingface.co:443"),
        ({"egress.allow": ("huggingface.co",)}, ""),
        ({"egress.allow": ("huggingface.co:443",)}, ""),
        ({"egress.allow": ("huggingface.co:8443",)}, "huggingface.co:8443,huggingface.co:443"),
        ({"remote.hub_url": "https://mirror.example/hf"}, "mirror.example:443"),
        ({"remote.hub_url": "http://127.0.0.1:9"}, ""),
        ({"remote.hub_url": "nonsense"}, ""),
        ({"remote.hub_url": "https://[::1"}, ""),
        ({"egress.allow": ("not a host",)}, ""),
    ],
)
def test_what_has_to_be_allowed_for_a_pull(
    folders: Folders, root: Path, quiet: dict[str, str], settings: dict[str, str], allow: str
) -> None:
    """The hub of the settings, after what stands there already; nothing where it is allowed or on this machine."""
    assert look(folders, root, build({**quiet, **settings})).allow == allow


def test_a_stored_model_and_a_repository(folders: Folders, root: Path, quiet: dict[str, str]) -> None:
    """A model that was added is found, and git is."""
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    ModelStore(folders.models).add(TINY, Adding(mode="copy", name="tiny"))
    place = look(folders, root, build(dict(quiet)))
    assert place.git and place.models == ("tiny",)
    assert "models pull" not in " ".join(commands(place))


def test_a_password_is_not_shown(folders: Folders, root: Path, quiet: dict[str, str]) -> None:
    """A configured model whose address holds a login is named without it."""
    place = look(folders, root, build({**quiet, "model": "openai:m@http://me:secret@127.0.0.1:9/v1"}))
    assert "secret" not in repr(place) + repr(works(place))


def test_the_file_to_begin_with_changes_nothing(folders: Folders, root: Path) -> None:
    """It is TOML without a value; written into a repository every setting keeps its default."""
    assert tomllib.loads(starter_text()) == {}
    path = write_starter(root, replace=False)
    assert path == project_file(root) and path.stat().st_mode & 0o777 == 0o644
    assert {origin.kind for origin in load(Sources(folders, root, {}, {})).origins.values()} == {"default"}


def test_every_key_in_it_can_be_switched_on(folders: Folders, root: Path) -> None:
    """With the marks taken away it is valid, holds what a repository may set and nothing else, at its defaults."""
    switched_on = re.sub(r"^# (?=[a-z_.]+ = )", "", starter_text(), flags=re.MULTILINE)
    project_file(root).write_text(switched_on)
    loaded = load(Sources(folders, root, {}, {}))
    assert loaded.problems == ()
    named = set(re.findall(r"^([a-z_.]+) = ", switched_on, flags=re.MULTILINE))
    assert named == {name for name, key in keys().items() if key.project != "never"}
    assert build({}) == loaded.settings
    assert not any("may not set" in notice.text for notice in loaded.notices)


def test_a_file_that_is_there_stays(root: Path) -> None:
    """Only with consent is it replaced; a link is never written through."""
    project_file(root).write_text("ask.k = 3\n")
    with pytest.raises(UsageError, match="is there already"):
        write_starter(root, replace=False)
    assert project_file(root).read_text() == "ask.k = 3\n"
    write_starter(root, replace=True)
    assert project_file(root).read_text() == starter_text()
    project_file(root).unlink()
    target = root.parent / "elsewhere.toml"
    target.write_text("x")
    project_file(root).symlink_to(target)
    with pytest.raises(ConfigError, match="link"):
        write_starter(root, replace=True)
    assert target.read_text() == "x"


def test_the_hint_names_a_model() -> None:
    """One line with a model that fits this machine and its size; another one for completions, none where none fits."""
    hint = how_to_get_a_model(engine=True)
    assert "\n" not in hint and "`localdev models add FILE.gguf`" in hint and "`localdev init`" in hint
    assert re.search(r"one that fits here is [^,]+, \d+(\.\d)? [GM]B", example())
    chosen = suggested("complete")
    assert chosen is not None and "complete" in chosen.model.jobs
    assert suggested(memory_bytes=GB // 10) is None
