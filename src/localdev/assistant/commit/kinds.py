"""What a file is for, as a commit's type needs it: told by its path alone."""

from __future__ import annotations

import re
from typing import Literal

from localdev.rules.places import is_test, is_vendored
from localdev.source.languages import language_of, languages
from localdev.source.skip import BINARY, GENERATED, LOCK_FILE, MINIFIED, file_reason

Kind = Literal["code", "test", "docs", "ci", "build", "lock", "config", "generated", "asset"]

_CI = re.compile(
    r"(?:\.github/(?:workflows|actions)/|\.gitlab/ci/|\.circleci/|\.buildkite/|\.woodpecker/|\.teamcity/|\.ci/)"
    r"|(?:.*/)?(?:\.gitlab-ci\.ya?ml|\.travis\.ya?ml|appveyor\.yml|\.appveyor\.yml|azure-pipelines[\w.-]*\.ya?ml"
    r"|Jenkinsfile|bitbucket-pipelines\.yml|\.drone\.ya?ml|codecov\.yml|\.codecov\.yml|\.cirrus\.yml"
    r"|dependabot\.ya?ml|renovate\.json5?)\Z"
)
_BUILD = frozenset({
    "pyproject.toml", "setup.py", "setup.cfg", "manifest.in", "package.json", "cargo.toml", "go.mod", "go.work",
    "gemfile", "composer.json", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle",
    "settings.gradle.kts", "gradle.properties", "makefile", "gnumakefile", "cmakelists.txt", "meson.build",
    "build.xml", "build.zig", "build.sbt", "rakefile", "dockerfile", "containerfile", "docker-compose.yml",
    "docker-compose.yaml", "compose.yml", "compose.yaml", "tox.ini", "noxfile.py", "pipfile", "mix.exs",
    "package.swift", "pubspec.yaml", "webpack.config.js", "rollup.config.js", "vite.config.js", "vite.config.ts",
    "gulpfile.js", "gruntfile.js", ".dockerignore", "directory.build.props", "directory.packages.props",
    "nuget.config", "configure.ac", "makefile.am", "environment.yml", "flake.nix",
})  # fmt: skip
_BUILD_NAME = re.compile(
    r"requirements[\w.-]*\.(?:txt|in)\Z|.*\.(?:csproj|fsproj|vbproj|sln|gemspec|cmake|mk|nix)\Z|(?:dev-|constraints).*\.txt\Z"
)
_DOCS_FOLDER = re.compile(r"(?:.*/)?(?:docs?|documentation|man|website)/", re.IGNORECASE)
_DOCS_NAME = re.compile(
    r"(?:readme|changelog|changes|history|news|license|licence|copying|notice|authors|contributors|contributing|security"
    r"|code_of_conduct|maintainers|todo|roadmap|upgrading|install)(?:[-_.][\w.-]*)?\Z",
    re.IGNORECASE,
)
_DATA = frozenset(
    ["json", "yaml", "toml", "ini", "xml", "properties", "env", "editorconfig", "gitignore", "text", "csv"]
)
# Languages of documents that people read.
_DOCS_ENDINGS = (".md", ".rst", ".adoc", ".asciidoc", ".txt", ".mdx", ".tex", ".org")


def kind_of(path: str) -> Kind:
    """Say what a file is for."""
    name = path.rpartition("/")[2]
    reason = file_reason(name)
    if reason == LOCK_FILE or re.fullmatch(r"requirements[\w.-]*\.lock", name):
        return "lock"
    if reason in (GENERATED, MINIFIED) or is_vendored(path):
        return "generated"
    if _CI.match(path):
        return "ci"
    if is_test(path):
        return "test"
    if name.lower() in _BUILD or _BUILD_NAME.match(name.lower()):
        return "build"
    if reason == BINARY:
        return "asset"
    if _DOCS_NAME.match(name) or name.lower().endswith(_DOCS_ENDINGS):
        return "docs"
    return _by_language(path)


def _by_language(path: str) -> Kind:
    """Say what a file with an ordinary name is for."""
    language = languages()[language_of(path)]
    if language.loose == "config" or language.name in _DATA or not language.grammar:
        return "asset" if path.lower().endswith((".svg", ".csv")) else "config"
    # A web site's page is documentation only where documentation is kept.
    if _DOCS_FOLDER.match(path) and language.name in ("html", "css", "markdown"):
        return "docs"
    return "docs" if language.prose else "code"
