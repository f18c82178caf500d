"""The settings: every key, its default, its limits, and what a project file may do with it, declared in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, cast

# What a `.localdev.toml` in a repository may do with a key: set it freely, set it once the user has trusted the
# repository, or never set it (the key belongs to the user alone).
ProjectRule = Literal["free", "trusted", "never"]
Value = str | int | float | bool | tuple[str, ...]

MOST_THREADS = 512  # ggml's GGML_MAX_N_THREADS; with many more it ends the process

_NOUNS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a list of texts",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its dotted name, type, default, limits (inclusive, None for open) and who may set it."""

    name: str
    type: type[str] | type[int] | type[float] | type[bool] | type[tuple[str, ...]]
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    project: ProjectRule = "free"

    @property
    def variable(self) -> str:
        """The environment variable that sets it: `ask.k` -> `LOCALDEV_ASK_K`."""
        return "LOCALDEV_" + self.name.replace(".", "_").upper()

    @property
    def expects(self) -> str:
        """What a value has to be, in words for an error message."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        noun = _NOUNS[self.type]
        if self.low is not None and self.high is not None:
            return f"{noun} from {_plain(self.low)} to {_plain(self.high)}"
        return noun if self.low is None else f"{noun}, {_plain(self.low)} or more"


def _plain(number: float) -> str:
    """Write 5.0 as 5."""
    return str(int(number)) if float(number).is_integer() else str(number)


def _key(default: Value, help: str, **limits: Any) -> Any:
    """Declare a setting as a dataclass field that carries its own description."""
    return field(default=default, metadata={"help": help, **limits})


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How `search` answers."""

    k: int = _key(10, "number of results", low=1, high=1000)
    embedder: str = _key(
        "static",
        "what makes vectors: static, sentence-transformers:FOLDER, gguf:FILE, gguf:NAME, ollama:NAME, or openai:NAME",
        project="trusted",
    )


@dataclass(frozen=True, slots=True)
class AskSettings:
    """How `ask` answers."""

    k: int = _key(8, "passages an answer may rest on", low=1, high=100)
    # On two laptop cores a small model reads about 70 tokens a second: 2000 tokens are half a minute to the first word.
    context_tokens: int = _key(2000, "tokens of passages a model is given; fewer answer sooner", low=100, high=200_000)
    max_tokens: int = _key(768, "longest answer in tokens", low=1, high=32_768)
    temperature: float = _key(0.0, "0 always gives the same answer; higher varies more", low=0, high=2)
    seed: int = _key(0, "makes a varied answer repeatable", low=0, high=2**31 - 1)
    adapter: str = _key(
        "",
        "LoRA adapter to answer with: a name from `models adapters list`, a GGUF file, or a server's name, @SCALE",
        project="trusted",
    )


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How `chat` answers and looks."""

    k: int = _key(6, "new passages each answer may rest on", low=1, high=100)
    # Less than for a single question: what earlier turns were given stays in the window.
    context_tokens: int = _key(1500, "tokens of new passages a turn is given", low=100, high=200_000)
    max_tokens: int = _key(1024, "longest answer in tokens", low=1, high=32_768)
    temperature: float = _key(0.0, "0 always gives the same answer; higher varies more", low=0, high=2)
    seed: int = _key(0, "makes a varied answer repeatable", low=0, high=2**31 - 1)
    adapter: str = _key("", "LoRA adapter to chat with, as in ask.adapter", project="trusted")
    theme: str = _key("dark", "colours of the screen", choices=("dark", "light"), project="never")
    keys: tuple[str, ...] = _key((), "other keys: ACTION=KEY, such as cancel=ctrl+g", project="never")
    plain: bool = _key(False, "lines of text instead of a screen, for screen readers", project="never")


@dataclass(frozen=True, slots=True)
class CompleteSettings:
    """How `complete` fills in."""

    # Half of what `ask` reads: a completion is waited for at the cursor.
    context_tokens: int = _key(1000, "tokens around the cursor a model is given", low=32, high=200_000)
    max_tokens: int = _key(128, "longest completion in tokens", low=1, high=32_768)
    adapter: str = _key("", "LoRA adapter to complete with, as in ask.adapter", project="trusted")


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """How `review` looks at changes."""

    fail_on: str = _key(
        "medium", "exit 1 from this severity on", choices=("info", "low", "medium", "high", "never"), project="trusted"
    )
    deadline: float = _key(
        0.0, "seconds after which what is left is listed as not reviewed, 0 for none", low=0, project="trusted"
    )
    off: tuple[str, ...] = _key(
        (), "rules that do not apply: RULE, FAMILY, or RULE:GLOB for some files", project="trusted"
    )
    severity: tuple[str, ...] = _key((), "other severities: RULE=info, low, medium or high", project="trusted")
    exclude: tuple[str, ...] = _key((), "globs of files that are not reviewed", project="trusted")
    linters: tuple[str, ...] = _key((), "linters to run beside the rules, where installed", project="trusted")
    context_tokens: int = _key(3000, "tokens of a hunk and what belongs to it", low=200, high=200_000)
    max_tokens: int = _key(512, "longest answer about a hunk in tokens", low=32, high=32_768)
    adapter: str = _key("", "LoRA adapter to review with, as in ask.adapter", project="trusted")


@dataclass(frozen=True, slots=True)
class CommitSettings:
    """How `commit` words its messages."""

    style: str = _key("auto", "form of the subject", choices=("auto", "conventional", "repository"))
    context_tokens: int = _key(3000, "tokens of the change a model is given", low=200, high=200_000)
    max_tokens: int = _key(384, "longest message in tokens", low=32, high=4096)
    adapter: str = _key("", "LoRA adapter to word commits with, as in ask.adapter", project="trusted")


@dataclass(frozen=True, slots=True)
class GenSettings:
    """How `gen` proposes code."""

    test_command: str = _key(
        "", "command that runs tests, {path} is the new file's; generated ones are run with it", project="trusted"
    )
    test_seconds: float = _key(120.0, "longest run of that command", low=1, high=86_400)
    context_tokens: int = _key(3000, "tokens of code a model is given", low=200, high=200_000)
    max_tokens: int = _key(2048, "longest proposal in tokens", low=32, high=32_768)
    adapter: str = _key("", "LoRA adapter to propose with, as in ask.adapter", project="trusted")


@dataclass(frozen=True, slots=True)
class HooksSettings:
    """How the git hooks behave."""

    deadline: float = _key(10.0, "seconds after which a commit goes on", low=0.1, high=3600, project="trusted")
    fail_on: str = _key(
        "medium", "a commit stops from this severity on", choices=("low", "medium", "high", "never"), project="trusted"
    )
    strict: bool = _key(False, "a commit also stops when localdev itself fails", project="trusted")
    models: bool = _key(False, "let a model review and word commits in hooks")
    subject: int = _key(72, "characters of a subject from which on commit-msg warns, 0 for never", low=0, high=500)


@dataclass(frozen=True, slots=True)
class OutlineSettings:
    """How `outline` answers."""

    tokens: int = _key(2000, "size of the map in tokens", low=50, high=200_000)


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What is indexed."""

    max_files: int = _key(
        50_000, "most files of a folder that is no git repository", low=1, high=100_000_000, project="never"
    )
    store: str = _key("embedded", "where vectors are kept: embedded, or a Chroma server's address", project="trusted")
    fallback: str = _key(
        "none", "where vectors are kept while that server is away", choices=("none", "embedded"), project="trusted"
    )


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """How the embedded engine runs a model on this machine."""

    context: int = _key(8192, "largest context window in tokens", low=256, high=1_048_576, project="trusted")
    threads: int = _key(
        0, "processor threads, 0 for one per physical core", low=0, high=MOST_THREADS, project="trusted"
    )
    gpu_layers: int = _key(-1, "layers on the GPU, -1 for as many as fit", low=-1, high=1000, project="trusted")
    flash_attention: str = _key("auto", "flash attention", choices=("auto", "on", "off"), project="trusted")
    kv_type: str = _key("f16", "precision of the kept state", choices=("f16", "f32", "q8_0", "q4_0"), project="trusted")
    lookup: int = _key(0, "tokens guessed ahead from the prompt, 0 for none", low=0, high=64, project="trusted")
    states_mb: int = _key(
        4096, "disk space for kept states of prompts in MB, 0 for none", low=0, high=10_000_000, project="never"
    )


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """Which model does which job: names in order, the next one where one cannot be had; none given, it is `model`."""

    ask: tuple[str, ...] = _key((), "models for ask, in order", project="trusted")
    chat: tuple[str, ...] = _key((), "models for chat, in order", project="trusted")
    review: tuple[str, ...] = _key((), "models for review, in order", project="trusted")
    commit: tuple[str, ...] = _key((), "models for commit, in order", project="trusted")
    gen: tuple[str, ...] = _key((), "models for gen, in order", project="trusted")
    complete: tuple[str, ...] = _key((), "models for complete, in order", project="trusted")


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How an Ollama or an OpenAI-compatible server is spoken to."""

    ollama_url: str = _key("http://127.0.0.1:11434", "address of Ollama", project="trusted")
    openai_url: str = _key("http://127.0.0.1:8000/v1", "address of an OpenAI-compatible server", project="trusted")
    hub_url: str = _key("https://huggingface.co", "address of the hub that `models pull` asks", project="never")
    connect_seconds: float = _key(5.0, "longest wait for a connection", low=0.1, high=3600)
    first_token_seconds: float = _key(300.0, "longest wait for the first token", low=0.1, high=86_400)
    gap_seconds: float = _key(60.0, "longest wait between two tokens", low=0.1, high=86_400)
    keep_alive: str = _key("15m", "how long Ollama keeps a model loaded", project="trusted")


@dataclass(frozen=True, slots=True)
class EgressSettings:
    """What may be spoken to beyond this machine."""

    allow: tuple[str, ...] = _key((), "hosts beyond this machine: HOST or HOST:PORT", project="never")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What the user insists on."""

    require_passport: bool = _key(False, "open models from the store alone, none by its path", project="never")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The background process that keeps models and indexes warm."""

    enabled: bool = _key(True, "run jobs in the background service", project="never")
    idle_minutes: float = _key(15.0, "it ends after so long without work", low=0.01, high=100_000, project="never")


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The local record of what was done."""

    enabled: bool = _key(True, "write one line per job into the journal", project="never")


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the terminal looks."""

    color: str = _key("auto", "colours in the terminal", choices=("auto", "always", "never"), project="never")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one run, frozen."""

    model: str = _key(
        "",
        "model to answer with: a name from `models list`, a GGUF file, ollama:NAME or openai:NAME",
        project="trusted",
    )
    search: SearchSettings = field(default_factory=SearchSettings)
    ask: AskSettings = field(default_factory=AskSettings)
    chat: ChatSettings = field(default_factory=ChatSettings)
    complete: CompleteSettings = field(default_factory=CompleteSettings)
    outline: OutlineSettings = field(default_factory=OutlineSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    commit: CommitSettings = field(default_factory=CommitSettings)
    gen: GenSettings = field(default_factory=GenSettings)
    hooks: HooksSettings = field(default_factory=HooksSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    llama: LlamaSettings = field(default_factory=LlamaSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    remote: RemoteSettings = field(default_factory=RemoteSettings)
    egress: EgressSettings = field(default_factory=EgressSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)
    ui: UiSettings = field(default_factory=UiSettings)


@lru_cache(maxsize=1)
def keys() -> dict[str, Key]:
    """Give every setting by its dotted name, in the order of declaration."""
    found: dict[str, Key] = {}
    defaults = Settings()
    for item in fields(Settings):
        value = getattr(defaults, item.name)
        if is_dataclass(value):
            for inner in fields(value):
                found[f"{item.name}.{inner.name}"] = _from_field(f"{item.name}.{inner.name}", inner)
        else:
            found[item.name] = _from_field(item.name, item)
    return found


def _from_field(name: str, item: Any) -> Key:
    """Read a `Key` from the field that declares it."""
    return Key(name, type(item.default), item.default, **item.metadata)


def build(values: dict[str, Value]) -> Settings:
    """Make settings from dotted names and checked values; names left out keep their default."""
    sections: dict[str, dict[str, Value]] = {}
    top: dict[str, Any] = {}
    for name, value in values.items():
        section, dot, inner = name.partition(".")
        if dot:
            sections.setdefault(section, {})[inner] = value
        else:
            top[name] = value
    for item in fields(Settings):
        if item.name in sections:
            section_type = cast(Any, item.default_factory)
            top[item.name] = section_type(**sections[item.name])
    return Settings(**top)


def get(settings: Settings, name: str) -> Value:
    """Read one setting by its dotted name."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return cast(Value, value)
