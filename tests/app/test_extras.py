"""What an optional part needs, how it is added here, and the sentences that name commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localdev.app.doctor import built_for, examine
from localdev.app.extras import Surroundings, build_variables, extras, plan, plan_in, requirements
from localdev.app.hints import how_to_get_a_model
from localdev.config.loader import Loaded
from localdev.config.settings import build
from localdev.core.errors import MissingExtra, UsageError
from localdev.core.folders import Folders


def test_every_part_names_packages() -> None:
    """Each declared extra gives packages and never ourselves, which an index may hold under another owner."""
    assert {"llama", "mcp", "all"} <= set(extras())
    for extra in extras():
        assert requirements(extra)
        assert not any(requirement.startswith("localdev") for requirement in requirements(extra))
    assert set(requirements("llama")) < set(requirements("all"))


def test_an_unknown_part() -> None:
    """The known ones are listed."""
    with pytest.raises(UsageError) as caught:
        requirements("lama")
    assert "llama" in caught.value.hint


def test_the_command_installs_into_this_environment() -> None:
    """It is this interpreter's pip, with the packages the extra names."""
    planned = plan("mcp")
    assert planned.runs and planned.command[:5] == (sys.executable, "-P", "-m", "pip", "install")
    assert planned.command[-1].startswith("mcp")


@pytest.mark.parametrize(
    ("found", "start", "runs"),
    [
        (Surroundings(True, True, True), (sys.executable, "-P", "-m", "pip", "install"), True),
        (Surroundings(False, True, True), ("pipx", "inject", "localdev", "a>=1"), False),
        (Surroundings(False, False, True), ("uv", "pip", "install", "--python"), False),
    ],
)
def test_the_command_fits_what_made_the_environment(found: Surroundings, start: tuple[str, ...], runs: bool) -> None:
    """Where there is no pip, the tool that made the environment is named for the user to run."""
    planned = plan_in(found, "llama", ("a>=1",))
    assert (planned.command[: len(start)], planned.runs, planned.command[-1]) == (start, runs, "a>=1")


def test_an_environment_that_nothing_can_add_to() -> None:
    """The hint gives it a pip."""
    with pytest.raises(MissingExtra) as caught:
        plan_in(Surroundings(False, False, False), "llama", ("a>=1",))
    assert "ensurepip" in caught.value.hint


def test_how_to_get_a_model() -> None:
    """The engine is spoken of only where it is missing."""
    assert "`localdev setup llama`" in how_to_get_a_model(engine=False)
    assert "setup" not in how_to_get_a_model(engine=True)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["libggml-cpu.so", "libllama.so"], "CPU"),
        (["libggml-cpu.so", "libggml-cuda.so"], "CUDA and CPU"),
        (["libggml-metal.dylib", "libggml-base.dylib"], "Metal and CPU"),
    ],
)
def test_what_an_engine_was_built_for(tmp_path: Path, names: list[str], expected: str) -> None:
    """The native libraries tell."""
    (tmp_path / "lib").mkdir()
    for name in names:
        (tmp_path / "lib" / name).write_bytes(b"")
    assert built_for(tmp_path) == expected


def test_the_doctor_runs_nothing_of_the_current_folder(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloned repository's module of the same name is not the vector store."""
    (tmp_path / "chromadb.py").write_text("import pathlib; pathlib.Path('ran').write_text('')")
    monkeypatch.chdir(tmp_path)
    checks = {check.name: check for check in examine(folders, tmp_path, Loaded(build({}), {}))}
    assert checks["chromadb"].ok
    assert not (tmp_path / "ran").exists()


def test_a_check_that_fails_oddly_is_a_finding(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `git` that cannot be started is reported like any other trouble, and the other checks still run."""
    (tmp_path / "git").write_text("#!/no/such/interpreter\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = {check.name: check for check in examine(folders, tmp_path, Loaded(build({}), {}))}
    assert not checks["git"].ok and "FileNotFoundError" in checks["git"].detail
    assert checks["sqlite"].ok


def test_a_folder_that_cannot_be_written_fails_the_doctor(tmp_path: Path) -> None:
    """A needed check that fails says what to do; the others still run; nothing is created."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    home = blocked / "localdev"
    folders = Folders(home / "config", home / "data", home / "state", home / "cache", home / "run")
    checks = {check.name: check for check in examine(folders, tmp_path, Loaded(build({}), {}))}
    assert not checks["folders"].ok and not checks["folders"].optional
    assert "LOCALDEV_HOME" in checks["folders"].hint
    assert checks["sqlite"].ok and not checks["index"].ok
    assert not home.exists()


@pytest.mark.parametrize(
    ("flags", "environ", "names"),
    [
        ("flags\t: fpu avx512f amx_bf16 avx512_fp16 amx_tile amx_int8", {}, ["CMAKE_ARGS"]),
        ("flags\t: fpu avx2 avx512f", {}, []),
        ("flags\t: amx_int8", {"CMAKE_ARGS": "-DGGML_CUDA=on"}, []),
        (None, {}, []),
    ],
)
def test_the_engine_is_compiled_without_amx(
    flags: str | None, environ: dict[str, str], names: list[str], tmp_path: Path
) -> None:
    """On a processor that has it, unless the user has chosen how to compile; elsewhere nothing is set."""
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(flags)
    found = build_variables(environ, tmp_path / "cpuinfo")
    assert list(found) == names
    assert all(value.count("-mno-amx-int8") == 2 for value in found.values())


def test_only_the_engine_is_compiled() -> None:
    """What is installed as it is gets no variables."""
    assert plan("mcp").variables == {}
