"""The catalogue of models: its data, what a damaged one says, memory and ranking, and that nothing fetches from it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.errors import ModelError
from localdev.models.catalogue import JOBS, CatalogueModel, load_catalogue, read_catalogue
from localdev.models.catalogue_fit import (
    BITS,
    fits,
    kv_bytes_per_token,
    memory_need,
    ranked,
    tokens_per_second,
    weight_bytes,
)
from localdev.models.catalogue_page import page
from localdev.models.gguf import read_header
from localdev.models.memory import memory_need as need_of_a_file
from tests.models.conftest import gguf, pair

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "localdev"
DATA = PACKAGE / "models" / "catalogue.json"
GB = 10**9
# Of the identifiers that spdx.org lists, those that licences of open models have.
SPDX = {"Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "CDLA-Permissive-2.0"}
# Makes and keeps to one hub: the room that speaks to it, what calls that, and the setting that names it.
SPEAKS_TO_HUBS = ("models/hub/", "app/pulling", "cli/commands/models/pull.py", "config/settings.py")


def named(name: str) -> CatalogueModel:
    """Give a model of the catalogue."""
    found = load_catalogue().find(name)
    assert found is not None
    return found


def names(choices: Any) -> list[str]:
    """Give the names of choices."""
    return [choice.model.name for choice in choices]


def test_it_is_worth_a_look() -> None:
    """There are models for every job, of several makers and sizes, with their pages, read on a day."""
    catalogue = load_catalogue()
    assert 20 <= len(catalogue.models) <= 60
    assert {job for model in catalogue.models for job in model.jobs} == set(JOBS)
    assert len({model.maker for model in catalogue.models}) >= 10
    assert min(model.parameters for model in catalogue.models) < 10**8
    assert max(model.parameters for model in catalogue.models) > 3 * 10**10
    assert catalogue.find("no-such-model") is None


@pytest.mark.parametrize("model", load_catalogue().models, ids=lambda model: model.name)
def test_each_model_is_sound(model: CatalogueModel) -> None:
    """Licences are SPDX identifiers or have a link, pages of repositories name a commit, sizes fit the weights."""
    assert model.licence in SPDX or model.licence_link.startswith("https://")
    assert (model.commercial == "yes") == (model.licence in ("Apache-2.0", "MIT"))
    assert (model.commercial == "no") == any(word in model.licence for word in ("Research", "Non-Production"))
    for source in model.sources:
        if source.at.startswith("https://github.com/") and "/blob/" in source.at:
            assert re.search(r"/blob/[0-9a-f]{40}/", source.at), source.at
    for file in model.files:
        assert not file.file or file.file.endswith(".gguf")
        if file.bytes and file.quantisation in ("Q4_0", "Q4_K_M"):
            assert 3.9 <= file.bytes * 8 / model.parameters <= 6.6, file
    assert model.pull().startswith("ollama:" if model.only_on == "ollama" else f"hf:{model.hub}")
    assert not model.only_on or model.ollama


@pytest.mark.parametrize("model", load_catalogue().models, ids=lambda model: model.name)
def test_the_memory_formula_agrees_with_stated_sizes(model: CatalogueModel) -> None:
    """Weights by bits come near the size of each file; small models keep more of theirs exactly."""
    for file in model.files:
        if file.bytes and "search" not in model.jobs:
            assert (
                0.75 <= model.parameters * BITS[file.quantisation] / 8 / file.bytes <= 1.2 or file.quantisation == "F16"
            )
    chosen = weight_bytes(model)
    assert chosen == model.chosen().bytes or not model.chosen().bytes
    assert chosen < memory_need(model) < chosen * 1.6 + 2.5 * GB


def damaged(change: Any) -> str:
    """Give the catalogue with something done to it."""
    entry = json.loads(DATA.read_text(encoding="utf-8"))
    change(entry)
    return json.dumps(entry)


def in_first(**fields: Any) -> Any:
    """Give a change of fields of the first model; None takes one away."""

    def change(entry: dict[str, Any]) -> None:
        for key, value in fields.items():
            entry["models"][0].pop(key, None)
            if value is not None:
                entry["models"][0][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (in_first(stars=5), "unknown field stars"),
        (in_first(context=None), "lacks context"),
        (in_first(context="32k"), "wrong type in context"),
        (in_first(context=32768.0), "wrong type in context"),
        (in_first(layers=True), "wrong type in layers"),
        (in_first(layers=0), "wrong type in layers"),
        (in_first(tools="yes"), "wrong type in tools"),
        (in_first(title="a\nb"), "wrong type in title"),
        (in_first(licence=""), "wrong type in licence"),
        (in_first(commercial="perhaps"), "'perhaps'"),
        (in_first(jobs=["ask", "cook"]), "unknown job cook"),
        (in_first(jobs="ask"), "no list of texts in jobs"),
        (in_first(jobs=["ask"], recommended=["gen"]), "recommended for what it does not do"),
        (in_first(fim=["<a>", "<b>"]), "completes without tokens"),
        (in_first(released="2024-13"), "no month"),
        (in_first(hub="no-owner"), "no repository"),
        (in_first(active=10**12, recommended=None), "says active without a source"),
        (in_first(files=[]), "no files"),
        (in_first(files=[{"file": "a.gguf"}]), "a file that is none"),
        (in_first(files=[{"quantisation": "Q8_0", "bytes": "1 GB"}]), "wrong type in files.bytes"),
        (in_first(files=[{"quantisation": "Q8_0", "sha": "0"}]), "a file that is none"),
        (in_first(sources=[{"fields": ["context"], "at": "http://example.org"}]), "without the address of a page"),
        (in_first(sources=[{"fields": ["context"]}]), "a source that is none"),
        (in_first(sources=[{"fields": ["context"], "at": "https://example.org"}]), "without a source"),
        (in_first(released=None), "has a source for released"),
        (in_first(name=7), "a model has no name"),
        (lambda entry: entry["models"].append(entry["models"][0]), "is there twice"),
        (lambda entry: entry.update(schema_version=2), "not of version 1"),
        (lambda entry: entry.update(read="yesterday"), "no day"),
        (lambda entry: entry.update(more=1), "must hold"),
        (lambda entry: entry.pop("about"), "must hold"),
        (lambda entry: entry.update(models={}), "a list of models"),
    ],
)
def test_a_damaged_catalogue_is_refused(change: Any, said: str) -> None:
    """Each mistake is an error that names it, and what to do."""
    with pytest.raises(ModelError, match=re.escape(said)) as caught:
        read_catalogue(damaged(change))
    assert "install localdev again" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00"])
def test_what_is_no_catalogue_is_refused(text: str) -> None:
    """Neither broken JSON nor another value passes."""
    with pytest.raises(ModelError):
        read_catalogue(text)


def test_the_state_of_a_token() -> None:
    """Keys and values of each head in each layer, two bytes a number: 57,344 bytes for Qwen2.5-Coder 7B."""
    assert kv_bytes_per_token(28, 4, 128, 128) == 57_344
    assert kv_bytes_per_token(27, 16, 192, 128) == 27 * 16 * 320 * 2
    qwen = named("qwen2.5-coder-7b")
    assert memory_need(qwen, 8192) - memory_need(qwen, 4096) == 4096 * 57_344
    assert memory_need(qwen, 10**6) == memory_need(qwen, qwen.context)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("qwen2.5-coder-7b", {"block_count": 28, "embedding_length": 3584, "attention.head_count": 28}),
        ("llama-3.1-8b", {"block_count": 32, "embedding_length": 4096, "attention.head_count": 32}),
        ("phi-4", {"block_count": 40, "embedding_length": 5120, "attention.head_count": 40}),
        ("deepseek-coder-v2-lite", {"block_count": 27, "attention.head_count": 16}),
        ("gemma-3-4b", {"block_count": 34, "attention.head_count": 8}),
        ("gemma-3-12b", {"block_count": 48, "attention.head_count": 16}),
    ],
)
def test_the_state_is_that_of_a_file_with_these_dimensions(name: str, keys: dict[str, int], tmp_path: Path) -> None:
    """What is told of a file by its header, and of a model by the catalogue, is the same number of bytes."""
    model = named(name)
    lengths = {"attention.key_length": model.head, "attention.value_length": model.head_v or model.head}
    told = {**keys, **lengths, "attention.head_count_kv": model.kv_heads, "context_length": model.context}
    pairs = [pair(f"{model.architecture}.{key}", value) for key, value in told.items()]
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf([pair("general.architecture", model.architecture), *pairs]))
    header = read_header(path)
    for window in (4096, 8192):
        state = memory_need(model, window) - memory_need(model, 0)
        assert state == need_of_a_file(header, window).state


def test_speed_by_the_rule_of_thumb() -> None:
    """A memory's bandwidth over the weights of one token; a mixture reads a part of them."""
    assert tokens_per_second(named("qwen2.5-coder-7b"), 47.2 * GB) == pytest.approx(10, rel=0.01)
    assert tokens_per_second(named("qwen3-coder-30b-a3b")) > 4 * tokens_per_second(named("devstral-small-2507"))


@pytest.mark.parametrize(
    ("memory", "job", "first"),
    [
        (4, "ask", "qwen2.5-coder-1.5b"),
        (8, "ask", "qwen2.5-coder-7b"),
        (16, "commit", "qwen2.5-coder-7b"),
        (32, "gen", "qwen3-coder-30b-a3b"),
        (8, "complete", "qwen2.5-coder-1.5b"),
        (1, "search", "nomic-embed-text-v1.5"),
    ],
)
def test_what_is_named_first(memory: int, job: str, first: str) -> None:
    """What fits, is brisk and recommended: a laptop of 8 GB is told of another model than one of 32 GB."""
    assert names(fits(load_catalogue().models, memory * GB, job))[0] == first


def test_who_is_in_the_ranking() -> None:
    """Jobs decide who is in it, memory how many; models of another engine alone are left out unless it is asked for."""
    models = load_catalogue().models
    assert all("complete" in choice.model.jobs for choice in fits(models, 64 * GB, "complete"))
    assert fits(models, GB // 4, "ask") == []
    assert len(fits(models, 0, "ask")) == len([model for model in models if "ask" in model.jobs])
    assert "qwen3-embedding-0.6b" not in names(fits(models, 64 * GB, "search"))
    assert "qwen3-embedding-0.6b" in names(fits(models, 64 * GB, "search", engine="ollama"))
    assert "qwen2.5-coder-1.5b" in names(ranked(models, 4 * GB)) and "phi-4" not in names(ranked(models, 4 * GB))


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(JOBS))
def test_more_memory_never_takes_a_model_away(one: int, other: int, job: str) -> None:
    """What fits into less fits into more, and everything named leaves room for all else."""
    less, more = sorted((one * GB // 4, other * GB // 4))
    models = load_catalogue().models
    few, many = fits(models, less, job), fits(models, more, job)
    assert set(names(few)) <= set(names(many))
    assert all(choice.memory_bytes <= 0.7 * more for choice in many)


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    """`python -m localdev.models.catalogue_page > docs/catalogue.md` after a change of the data."""
    assert (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8") == page(load_catalogue())


def test_it_ships_in_the_wheel_and_is_found_inside_an_archive(tmp_path: Path) -> None:
    """Imported straight out of the built wheel, where no file lies on disk, the catalogue is the same."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    code = (
        "import localdev.models.catalogue as c; catalogue = c.load_catalogue();"
        "print(c.__file__); print(*[model.name for model in catalogue.models])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    where, listed = done.stdout.splitlines()
    assert where.startswith(str(wheel))
    assert listed.split() == [model.name for model in load_catalogue().models]


def texts(path: Path) -> Iterator[str]:
    """Give the texts in a Python file, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def imported(path: Path) -> Iterator[str]:
    """Give the modules that a Python file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_pull_speaks_to_hubs() -> None:
    """No other file of the program holds the address of a hub, or reaches the room that speaks to one."""
    addressed, reaching = [], []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(SPEAKS_TO_HUBS):
            continue
        addressed += [name for text in texts(path) if re.search(r"huggingface\.co|\bhf\.co|registry\.ollama", text)]
        reaching += [name for module in imported(path) if module.startswith("localdev.models.hub")]
    assert (addressed, reaching) == ([], [])


def test_the_catalogue_opens_nothing() -> None:
    """Its files import nothing that could fetch: the standard library without a network, and rooms of their own."""
    allowed = ("__future__", "json", "re", "sys", "collections", "dataclasses", "functools", "importlib", "typing")
    for path in (PACKAGE / "models").glob("catalogue*.py"):
        for module in imported(path):
            assert module.startswith(
                (*allowed, "localdev.models.catalogue", "localdev.core.errors", "localdev.core.sizes")
            ), (
                path.name,
                module,
            )
