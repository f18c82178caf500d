"""Gets the packages of packages.tsv from their ordinary registries, by name and version, and unpacks them.

Debian needs `deb-src` lines in apt's configuration (APT_CONFIG may name one of its own); npm and pip are used as
they are set up.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A line of packages.tsv: where a package comes from, its name, version and licence."""

    registry: str
    name: str
    version: str
    licence: str

    @property
    def folder(self) -> str:
        """Where it is unpacked, relative to the folder of all."""
        plain = self.name.removeprefix("@").replace("/", "-")
        return f"{self.registry}/{plain}-{self.version}" if self.registry == "npm" else f"{self.registry}/{plain}"


def read_table(path: Path) -> list[Source]:
    """Read packages.tsv."""
    return [Source(*line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines()]


def collect(sources: list[Source], folder: Path) -> list[Source]:
    """Unpack each package that is not there yet to its folder; give those that could not be had."""
    missing = []
    for source in sources:
        target = folder / source.folder
        if target.is_dir() and any(target.iterdir()):
            continue
        with tempfile.TemporaryDirectory() as download:
            try:
                archives = _download(source, Path(download), target)
            except subprocess.CalledProcessError:
                missing.append(source)
                continue
            target.mkdir(parents=True, exist_ok=True)
            for archive in archives:
                # A wheel is a zip file, which shutil knows by its suffix only; all others are tar files.
                if archive.suffix == ".whl":
                    shutil.unpack_archive(archive, target, "zip")
                else:
                    subprocess.run(["tar", "xf", str(archive), "-C", str(target)], check=True)
    return missing


def _download(source: Source, download: Path, target: Path) -> list[Path]:
    """Fetch one package; give its archives (none for the standard library, which is copied)."""
    if source.registry == "debian":
        _run(["apt-get", "source", "--download-only", "-qq", f"{source.name}={source.version}"], download)
        return [path for path in sorted(download.glob("*.orig*.tar.*")) if path.suffix != ".asc"]
    if source.registry == "npm":
        _run(["npm", "pack", "--silent", f"{source.name}@{source.version}"], download)
        return sorted(download.glob("*.tgz"))
    if source.registry == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"{source.name}=={source.version}"]
        _run(pip, download)
        return sorted(download.iterdir())
    leave = shutil.ignore_patterns("site-packages", "test", "config*", "lib-dynload")
    shutil.copytree(sysconfig.get_path("stdlib"), target, ignore=leave)
    return []


def _run(command: list[str], folder: Path) -> None:
    """Run a registry's client in `folder`."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
