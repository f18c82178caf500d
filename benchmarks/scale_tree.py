"""Makes a synthetic repository of any size from a seed: varied code in six languages, with documentation.

What a search index feels is kept as in real code: words are few and very unevenly used (`get` and `error` are in a
fifth of all chunks, most words in a handful), identifiers are made of several words, files of a folder share a topic,
functions call those of their own and of other files, and some names are defined in hundreds of places.
"""

from __future__ import annotations

import itertools
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


def _listed(text: str) -> list[str]:
    """Give the words of a text."""
    return text.split()


VERBS = _listed(
    """
    get set load read write parse build make find check update create open close send fetch render format
    apply merge split sort encode decode resolve register handle validate compute convert collect remove
    insert append match wrap flush start stop run wait retry cancel schedule publish subscribe connect bind
    release acquire
    """
)
NOUNS = _listed(
    """
    value name error file data path key request response message config option list state context node event
    type index buffer token user session cache record field table row column page header body query result
    item entry object handler client server stream socket channel queue worker task job lock timer clock
    window frame image pixel color font text line word chunk block segment packet route filter rule policy
    schema model layer tensor matrix vector graph edge tree branch commit patch diff release version package
    module plugin hook signal thread process memory disk volume bucket object archive backup snapshot replica
    shard cluster region zone host port address domain certificate secret permission role group account
    customer order invoice payment discount price cart product stock shipment report chart metric counter
    gauge histogram trace span log level alert budget quota limit rate
    """
)
QUALIFIERS = _listed(
    """
    default next last first raw local remote cached pending active stale partial full nested inner outer safe
    strict lazy eager hidden public shared global temporary persistent compressed encrypted signed trusted
    """
)
SENTENCES = (
    "Return the {q} {a} of a {b}",
    "{v} every {a} that belongs to the {b}, and keep the {q} one",
    "Make sure that the {a} is {q} before the {b} is used",
    "{v} the {a}; the caller holds the lock of the {b}",
    "Give None when there is no {q} {a}",
    "A {q} {a} is never written twice, see {b}",
)
FAILURES = (
    "cannot {v} {a}: the {b} is {q}",
    "{a} has no {q} {b}",
    "invalid {a} for {q} {b}",
    "{b} timed out while waiting for {a}",
)
_SYLLABLES = "ar bel cor dan el fir gam hul is jor kal lum mon nor ost pra qui ros sel tam ul vor wex yan zil".split()  # noqa: SIM905
_CHUNKS_PER_FILE = 10
# More than chunks: the shortest neighbours are put into one.
_FUNCTIONS_PER_FILE = 15
_FILES_PER_FOLDER = 40


@dataclass(frozen=True)
class Language:
    """How one language writes what the generator thinks up: a file's head, a class around methods, one function."""

    ending: str
    share: int
    comment: str
    function: Callable[[Function], list[str]]
    class_open: str = ""
    class_close: str = ""
    imports: str = ""
    camel: bool = False


@dataclass
class Function:
    """One function before it is written down: names are lists of words."""

    name: str
    doc: str
    first: str
    second: str
    result: str
    callees: list[str]
    failure: str
    attribute: str
    steps: list[str] = field(default_factory=list)


def joined(words: list[str], camel: bool) -> str:
    """Write words as one identifier."""
    return words[0] + "".join(word.capitalize() for word in words[1:]) if camel else "_".join(words)


def _python(one: Function) -> list[str]:
    body = [f"    def {one.name}(self, {one.first}, {one.second}=None):", f'        """{one.doc}."""']
    for step, callee in zip(one.steps, one.callees, strict=True):
        body += {
            "assign": [f"        {one.result} = {callee}({one.first}, {one.second})"],
            "guard": [f"        if not {one.first}:", f'            raise ValueError("{one.failure}")'],
            "loop": [f"        for item in {one.first}.{one.attribute}:", f"            self.{callee}(item)"],
            "update": [f"        self.{one.attribute} = {one.result} or {callee}({one.second})"],
        }[step]
    return [*body, f"        return {one.result}", ""]


def _braces(one: Function, head: str, words: dict[str, str], mark: str) -> list[str]:
    """Write a function of a language with braces; `words` are its ways to say the four steps."""
    body = [f"    {mark} {one.doc}.", f"    {head} {{"]
    for step, callee in zip(one.steps, one.callees, strict=True):
        line = words[step].format(
            result=one.result, call=callee, first=one.first, second=one.second, failure=one.failure, at=one.attribute
        )
        body += [f"        {part}" for part in line.split("\n")]
    return [
        *body,
        f"        return {one.result};" if "return" not in words else words["return"].format(one.result),
        "    }",
        "",
    ]


def _typescript(one: Function) -> list[str]:
    words = {
        "assign": "const {result} = {call}({first}, {second});",
        "guard": 'if (!{first}) {{\n  throw new Error("{failure}");\n}}',
        "loop": "for (const item of {first}.{at}) {{\n  this.{call}(item);\n}}",
        "update": "this.{at} = {result} ?? {call}({second});",
    }
    return _braces(one, f"{one.name}({one.first}: any, {one.second}?: string): any", words, "//")


def _go(one: Function) -> list[str]:
    words = {
        "assign": "{result} := {call}({first}, {second})",
        "guard": 'if {first} == nil {{\n\treturn nil, errors.New("{failure}")\n}}',
        "loop": "for _, item := range {first}.{at} {{\n\t{call}(item)\n}}",
        "update": "s.{at} = {call}({second})",
        "return": "        return {0}, nil",
    }
    lines = _braces(
        one, f"func (s *Service) {one.name}({one.first} *Item, {one.second} string) (*Item, error)", words, "//"
    )
    return [line[4:] for line in lines]


def _java(one: Function) -> list[str]:
    words = {
        "assign": "Object {result} = {call}({first}, {second});",
        "guard": 'if ({first} == null) {{\n    throw new IllegalStateException("{failure}");\n}}',
        "loop": "for (Object item : {first}.{at}()) {{\n    this.{call}(item);\n}}",
        "update": "this.{at} = {call}({second});",
    }
    return _braces(one, f"public Object {one.name}(Object {one.first}, String {one.second})", words, "//")


def _rust(one: Function) -> list[str]:
    words = {
        "assign": "let {result} = {call}({first}, {second})?;",
        "guard": 'if {first}.is_empty() {{\n    return Err(Error::new("{failure}"));\n}}',
        "loop": "for item in {first}.{at}.iter() {{\n    self.{call}(item)?;\n}}",
        "update": "self.{at} = {call}({second})?;",
        "return": "        Ok({0})",
    }
    return _braces(
        one, f"pub fn {one.name}(&mut self, {one.first}: &Item, {one.second}: &str) -> Result<Item>", words, "///"
    )


def _c(one: Function) -> list[str]:
    words = {
        "assign": "item_t *{result} = {call}({first}, {second});",
        "guard": 'if ({first} == NULL) {{\n    return fail("{failure}");\n}}',
        "loop": "for (int i = 0; i < {first}->{at}; i++) {{\n    {call}(&{first}[i]);\n}}",
        "update": "self->{at} = {call}({second});",
    }
    lines = _braces(one, f"item_t *{one.name}(item_t *{one.first}, const char *{one.second})", words, "//")
    return [line[4:] for line in lines]


LANGUAGES = (
    Language("py", 35, "#", _python, "class {name}:", "", "from {module} import {name}"),
    Language(
        "ts", 20, "//", _typescript, "export class {name} {{", "}", 'import {{ {name} }} from "./{module}";', True
    ),
    Language("java", 15, "//", _java, "public class {name} {{", "}", "import {module}.{name};", True),
    Language("go", 15, "//", _go, "type {name} struct {{\n\tname string\n}}", "", "", True),
    Language("rs", 10, "//", _rust, "impl {name} {{", "}", "use crate::{module}::{name};"),
    Language("c", 5, "//", _c, "typedef struct {name} {{ int size; }} {name};", "", '#include "{module}.h"'),
)


class Author:
    """Thinks up the code of one tree."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        rare = {"".join(self._random.choices(_SYLLABLES, k=self._random.randint(2, 3))) for _ in range(6000)}
        self._rare = sorted(rare)
        self._defined: list[str] = ["init", "main"]
        self.weights = {len(words): _uneven(len(words)) for words in (VERBS, NOUNS, QUALIFIERS)}

    def pick(self, words: list[str]) -> str:
        """Choose a word, the first ones far more often."""
        return self._random.choices(words, cum_weights=self.weights[len(words)])[0]

    def file(self, topic: list[str], functions: int, language: Language) -> tuple[list[str], list[str]]:
        """Give the lines of one file about a topic and the words of its name."""
        own = self._random.sample(topic, 3)
        stem = [self._random.choice(own), self.pick(NOUNS)]
        name = "".join(word.capitalize() for word in [*stem, self.pick(NOUNS)])
        lines = [f"{language.comment} {self.sentence(SENTENCES, own)}."]
        if language.imports:
            for known in self._random.sample(self._defined, min(3, len(self._defined))):
                lines.append(language.imports.format(module=self._random.choice(topic), name=known))
        lines += ["", *language.class_open.format(name=name).split("\n")]
        here: list[str] = []
        for _ in range(functions):
            function = self._function(own, here, language)
            here.append(function.name)
            lines += language.function(function)
        lines += [language.class_close] if language.class_close else []
        self._defined = [*self._defined[-4000:], *self._random.sample(here, min(2, len(here)))]
        return lines, stem

    def topic(self) -> list[str]:
        """Give the words that the files of a folder are about."""
        return [*self._random.sample(NOUNS, 6), *self._random.sample(self._rare, 6)]

    def language(self) -> Language:
        """Choose a language."""
        return self._random.choices(LANGUAGES, [one.share for one in LANGUAGES])[0]

    def sentence(self, templates: tuple[str, ...], own: list[str]) -> str:
        """Fill a template with words, at least one of the file's own."""
        text = self._random.choice(templates).format(
            v=self.pick(VERBS), a=self._random.choice(own), b=self.pick(NOUNS), q=self.pick(QUALIFIERS)
        )
        return text[0].upper() + text[1:]

    def _function(self, own: list[str], here: list[str], language: Language) -> Function:
        chance = self._random
        words = [self.pick(VERBS), chance.choice(own) if chance.random() < 0.7 else self.pick(NOUNS)]
        words += [self.pick(NOUNS)] if chance.random() < 0.5 else []
        steps = chance.choices(("assign", "guard", "loop", "update"), (5, 2, 2, 3), k=chance.randint(1, 4))
        known = here[-8:] + chance.sample(self._defined, min(4, len(self._defined)))
        return Function(
            joined(words, language.camel),
            self.sentence(SENTENCES, own),
            joined([self.pick(NOUNS)], language.camel),
            joined([self.pick(QUALIFIERS), self.pick(NOUNS)], language.camel),
            joined([chance.choice(own), "result"], language.camel),
            [chance.choice(known) for _ in steps],
            self.sentence(FAILURES, own).lower(),
            joined([chance.choice(own), self.pick(NOUNS)], language.camel),
            ["assign", *steps[1:]],
        )


def _uneven(count: int) -> list[float]:
    """Give cumulated weights that fall with the place, as word counts do (Zipf's law)."""
    return list(itertools.accumulate(1 / (place + 2) for place in range(count)))


def files(chunks: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of a tree of about so many chunks; a larger tree begins with the files of a smaller one."""
    author = Author(seed)
    topic: list[str] = []
    for number in range(chunks // _CHUNKS_PER_FILE):
        if number % _FILES_PER_FOLDER == 0:
            topic = author.topic()
        language = author.language()
        lines, stem = author.file(topic, _FUNCTIONS_PER_FILE, language)
        folder = number // _FILES_PER_FOLDER
        path = f"part{folder // 20}/{topic[6]}_{folder}/{'_'.join(stem)}_{number}.{language.ending}"
        yield path, "\n".join(lines) + "\n"


def make_tree(root: Path, chunks: int, seed: int) -> int:
    """Write a tree as a git repository with one commit; give its number of lines."""
    lines = 0
    for path, text in files(chunks, seed):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        lines += text.count("\n")
    author = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.invalid"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "synthetic tree"]):
        subprocess.run(["git", "-C", str(root), "-c", "gc.auto=0", *command], check=True)
    return lines
