"""What a file is for, told by its path alone: tests, examples, scripts, and other people's code."""

from __future__ import annotations

import re
from functools import lru_cache

from localdev.rules.words import words

_TEST_FOLDERS = words("""
    test tests __tests__ __mocks__ __fixtures__ __snapshots__ spec specs testing testdata test-data test_data
    testsuite test-suite testutil testutils test_utils test-utils testcases fixture fixtures e2e integration-tests
    integration_tests unittest unittests cypress mocks mock androidtest fuzz fuzzing regress qa
    """)
_TEST_NAME = re.compile(
    r"""
    (?: test_.* | .*_tests? | conftest | tests? | .*_spec | spec_helper | rails_helper
    | .*_fixtures? )\.(?:py|rb|go|c|cc|cpp|cxx|h|rs|php|exs?|pl)
    | .*[.-](?:test|tests|spec|e2e|cy|stories|bench)\.[cm]?[jt]sx?
    | (?: Test[A-Z].* | .*[a-z0-9](?:Tests?|TestCase|Spec|IT|Fixture) )\.(?:java|cs|kt|php|scala|cpp|cc|swift)
    | .*\.(?:phpt | snap) | jest\..*\.[cm]?[jt]s | setup-?tests?\.[cm]?[jt]sx?
    """,
    re.VERBOSE,
)
_TEST_PROJECT = re.compile(
    r".*[.\-_](?:tests?|specs?|unittests|testing)|.*[.\-_a-z0-9](?:Tests?|Specs|TestUtils)|.*\.Tests?\..*"
)
_EXAMPLE_FOLDERS = words("""
    example examples sample samples demo demos doc docs documentation tutorial tutorials snippets cookbook
    playground sandbox benchmark benchmarks bench benches perf showcase starter starters quickstart quickstarts
    guide guides docs_src website recipes exercises storybook stories
    """)
_DOCUMENTS = words("doc docs documentation tutorial tutorials")
_EXAMPLE_NAME = re.compile(
    r"(?:example|sample|demo|bench|benchmark)(?:[-_.].*)?\.\w+|.*[-_.](?:example|sample|demo|bench)s?\.\w+"
)
_VENDORED_FOLDERS = words("""
    vendor vendors vendored _vendor _vendored third_party third-party thirdparty 3rdparty node_modules
    bower_components site-packages dist-packages externals extern deps godeps
    pods carthage submodules contrib-libs jspm_packages .yarn .pnpm-store
    """)
_BUILT_FOLDERS = words("dist out generated gen __generated__ coverage .next .nuxt .output bundle")
_BUILT_NAME = re.compile(
    r".*[.-](?:min|bundle|prod|umd|global|chunk)\.[cm]?js|.*(?:_pb2(?:_grpc)?\.py|\.pb\.(?:go|cc|h)|\.g\.cs|\.designer\.cs)"
    r"|.*[._]gen(?:erated)?\.\w+|jquery[-.\d].*\.js|sqlite3\.[ch]|stb_\w+\.h",
    re.IGNORECASE,
)
_SCRIPT_FOLDERS = words("""
    script scripts bin tool tools tooling build build-tools buildtools ci .ci .github cmd cli commands command
    console hack dev devtools utils-dev contrib maintenance tasks task migrations release xtask installer
    """)
_SCRIPT_NAME = re.compile(
    r"""
    (?: manage | setup | noxfile | fabfile | tasks? | __main__ | cli | main | conf | wscript | .*[-_.]cli
    | cli[-_.].* | build | build_.* | run | run_.* )\.\w+
    | .*\.config\.[cm]?[jt]s
    | (?:gulpfile|gruntfile|webpack|rollup|vite|karma|esbuild|jakefile|build|make|release)[\w.-]*\.[cm]?[jt]s
    | rakefile | .*\.rake | .*\.sh | .*\.ipynb | gemfile | .*\.gemspec | artisan | console
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _split(path: str) -> tuple[list[str], str]:
    """Give the folders of a path as they are written, and the file's name."""
    *folders, name = path.split("/")
    return folders, name


@lru_cache(maxsize=4096)
def is_test(path: str) -> bool:
    """Say whether a file is a test, or something only tests use; documentation that a test project builds is none."""
    folders, name = _split(path)
    if any(each.lower() in _TEST_FOLDERS for each in folders):
        return True
    project = next((at for at, each in enumerate(folders) if _TEST_PROJECT.fullmatch(each)), None)
    if project is not None:
        return _DOCUMENTS.isdisjoint(each.lower() for each in folders[project + 1 :])
    return _TEST_NAME.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def is_example(path: str) -> bool:
    """Say whether a file shows how something is used or measured, documentation included."""
    folders, name = _split(path)
    if any(each.lower() in _EXAMPLE_FOLDERS for each in folders) or name.lower().endswith((".md", ".rst", ".adoc")):
        return True
    return _EXAMPLE_NAME.fullmatch(name.lower()) is not None


@lru_cache(maxsize=4096)
def is_vendored(path: str) -> bool:
    """Say whether a file is other people's code, or what a tool made out of other files."""
    folders, name = _split(path)
    if any(each.lower() in _VENDORED_FOLDERS for each in folders):
        return True
    return bool(folders and folders[0].lower() in _BUILT_FOLDERS) or _BUILT_NAME.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def is_script(path: str) -> bool:
    """Say whether a file is run by hand or by a build, or is a program's command line; such files print."""
    folders, name = _split(path)
    return any(each.lower() in _SCRIPT_FOLDERS for each in folders) or _SCRIPT_NAME.fullmatch(name) is not None
