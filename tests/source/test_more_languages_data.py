"""Queries, markup, configuration and prose: keys, tables, blocks and headings."""

from __future__ import annotations

import pytest

from tests.source.more_samples import assert_whole, parse, table, told

EXPECTED = {
    "sql": """
        table 2-6 shop.users
        field 3-3 shop.users.id
        field 4-4 shop.users.email
        field 5-5 shop.users.team_id
        key 7-7 users_email
        table 8-8 active_users
        table 9-9 mv
        function 10-14 total
        function 15-15 touch
        type 16-16 mood
        key 18-18 seq1
        function 22-22 p
        table 23-23 t2
        field 23-23 t2.a
    """,
    "html": """
        key 5-5 Shop
        section 7-9 style
        section 10-10 script
        key 13-13 Welcome
        section 14-19 main
        section 15-15 main.list
        key 15-15 main.List
        section 16-16 main.login
        section 16-16 main.login.user
        section 17-17 main.row
        section 20-22 script
    """,
    "css": """
        selector 3-3 :root
        variable 3-3 :root.--brand
        variable 3-3 :root.--gap
        selector 5-7 .btn, .btn-primary:hover
        selector 8-8 #main > ul li.active
        rule 9-11 (max-width: 600px)
        selector 10-10 .btn
        rule 12-12 spin
        rule 13-13 @font-face
        rule 14-14 (display: grid)
        selector 14-14 a
        selector 15-15 .card
        selector 15-15 .card.&:hover
        selector 15-15 .card..title
        rule 16-16 @layer
        selector 16-16 h1
        rule 17-17 @container
        selector 17-17 i
    """,
    "json": """
        key 2-2 name
        key 3-3 scripts
        key 3-3 scripts.build
        key 3-3 scripts.test.unit
        key 4-4 files
        key 6-6 deep
        key 6-6 deep.a
    """,
    "yaml": """
        key 2-2 version
        key 3-9 services
        key 4-7 services.web
        key 8-9 services.db
        key 10-16 list
        key 17-17 flow
        key 19-19 other
    """,
    "toml": """
        key 1-1 title
        key 2-2 a.b.c
        key 3-3 quo.ted
        table 5-6 tool.ruff
        key 6-6 tool.ruff.line-length
        table 8-9 tool.ruff.lint
        key 9-9 tool.ruff.lint.select
        table 11-12 bin
        key 12-12 bin.name
        table 13-13 servers
        table 14-15 servers.al pha
        key 15-15 servers.al pha.ip
    """,
    "hcl": """
        section 2-8 resource.aws_s3_bucket.logs
        section 9-11 variable.region
        section 12-15 locals
        key 13-13 locals.a
        key 14-14 locals.b
        section 16-19 terraform
        section 20-20 module.vpc
        key 21-21 region
    """,
    "dockerfile": """
        section 3-6 base
        section 9-13 base
    """,
    "markdown": """
        section 7-30 The shop guide
        section 11-26 The shop guide.Install
        section 21-26 The shop guide.Install.From source
        section 28-30 The shop guide.Use
        section 32-39 Second part
        section 37-39 Second part.1.2.0 - 2024-05-01
    """,
}


@pytest.mark.parametrize("language", EXPECTED)
def test_symbols(language: str) -> None:
    """The sample's definitions are found with kind, lines and qualified name."""
    assert told(parse(language)) == table(EXPECTED[language])


FENCE = "```sh\n" + "# no heading\n\necho shop\n" * 40 + "```\n"


def test_headings_lose_their_marks() -> None:
    """A heading's name is what a reader sees of it."""
    headings = {
        "# Plain": "Plain",
        "# The `shop` *guide*": "The shop guide",
        "# [Link](https://example.invalid) and ![image](a.png)": "Link and image",
        "# [![badge](b.svg)](https://example.invalid) Name": "badge Name",
        "# [1.2.0] - today": "1.2.0 - today",
        "# create(url[, config])": "create(url[, config])",
        "# snake_case and __init__": "snake_case and init",
        "# Closed ##": "Closed",
        "# C#": "C#",
        "# Named {#anchor}": "Named",
        "# The operator module": "The operator module",
    }
    for line, name in headings.items():
        assert [one.qualified for one in parse("markdown", line + "\n").symbols] == [name]


def test_sections_are_chunks_by_heading() -> None:
    """Each section that says enough is a chunk of its own; small neighbours are one."""
    words = "word " * 120 + "\n\n"
    text = f"# Top\n\n{words}## A\n\n{words}### B\n\n{words}## C\n\nshort\n\n## D\n\nshort\n"
    chunks = parse("markdown", text).chunks
    assert [(chunk.kind, chunk.symbol, chunk.start_line) for chunk in chunks] == [
        ("section", "Top", 1),
        ("section", "Top.A", 5),
        ("section", "Top.A.B", 9),
        ("section", "Top.C", 13),
    ]
    assert chunks[-1].members == ("## C", "## D")


def test_a_fence_stays_whole() -> None:
    """A long section is cut between its paragraphs, not inside its code."""
    words = ("word " * 60 + "\n\n") * 6
    text = f"# Top\n\n{words}{FENCE}\n{words}"
    assert len(parse("markdown", text).chunks) > 1
    assert sum(FENCE.strip() in chunk.text for chunk in parse("markdown", text).chunks) == 1


def test_what_closes_a_long_fence_stays_with_it() -> None:
    """The last line of a fence that had to be cut does not open the next section."""
    text = "# A\n\n```\n" + "x = 1\n" * 900 + "```\n\n# B\n\n" + "word " * 100
    chunks = parse("markdown", text).chunks
    assert chunks[-1].text.startswith("# B")
    assert chunks[-2].text.endswith("```")


def test_a_stage_has_the_comment_above_it() -> None:
    """A comment above FROM belongs to the stage it begins."""
    text = "FROM a AS one\n" + "RUN make it\n" * 60 + "\n# Second.\nFROM b AS two\n" + "RUN make it\n" * 60
    chunks = parse("dockerfile", text).chunks
    assert [(chunk.symbol, chunk.doc) for chunk in chunks] == [("one", ""), ("two", "Second.")]
    assert chunks[1].text.startswith("# Second.")


def test_blocks_of_configuration_are_chunks() -> None:
    """Keys and blocks that do not fit together are chunks with their own names."""
    step = "      - name: Build\n        run: make build\n" * 24
    text = f"name: CI\non: push\njobs:\n  build:\n    steps:\n{step}  test:\n    steps:\n{step}"
    text += f"  lint:\n    steps:\n{step}"
    assert [chunk.symbol for chunk in parse("yaml", text).chunks] == ["jobs.build", "jobs.test", "jobs.lint"]
    block = 'resource "aws_s3_bucket" "{0}" {{\n' + '  bucket = "{0}"\n' * 40 + "}}\n\n"
    text = block.format("logs") + block.format("data")
    assert [chunk.symbol for chunk in parse("hcl", text).chunks] == [
        "resource.aws_s3_bucket.logs",
        "resource.aws_s3_bucket.data",
    ]


def test_data_is_cut_into_few_pieces() -> None:
    """A large array or table of small records gives pieces of a size, not one for each record."""
    records = ",\n".join(f'    {{"id": {n}, "name": "item {n}"}}' for n in range(20_000))
    text = f'{{\n  "items": [\n{records}\n  ]\n}}\n'
    chunks = parse("json", text).chunks
    assert len(chunks) <= len(text) / 1000
    assert {chunk.symbol for chunk in chunks} <= {"items", ""}
    locked = "".join(f'[[package]]\nname = "p{n}"\nversion = "1.0"\n\n' for n in range(5_000))
    assert len(parse("toml", locked).chunks) <= len(locked) / 700


def test_one_long_line_is_one_chunk() -> None:
    """Data without line ends is not parsed; it is one chunk of lines."""
    parsed = parse("json", "[" + "0," * 60_000 + "0]")
    assert [(chunk.kind, chunk.start_line, chunk.end_line) for chunk in parsed.chunks] == [("lines", 1, 1)]


def test_signatures() -> None:
    """A signature names the block; a value stands with its key."""
    expected = [
        ("hcl", "resource.aws_s3_bucket.logs", 'resource "aws_s3_bucket" "logs"'),
        ("toml", "tool.ruff", "[tool.ruff]"),
        ("yaml", "services", "services"),
        ("yaml", "version", 'version: "3"'),
        ("json", "name", '"name": "x"'),
        ("css", "(max-width: 600px)", "@media (max-width: 600px)"),
        ("sql", "shop.users", "CREATE TABLE IF NOT EXISTS shop.users"),
        ("html", "main", '<div id="main" class="a b"'),
        ("markdown", "The shop guide.Install", "Install"),
        ("dockerfile", "base", "FROM python:${V} AS base"),
    ]
    for language, name, signature in expected:
        assert next(one.signature for one in parse(language).symbols if one.qualified == name) == signature


def test_references() -> None:
    """Tables, sources and stages that are used are found."""
    expected = {
        "sql": ("type", {"teams", "users"}),
        "html": ("import", {"a.css", "app.js"}),
        "css": ("import", {"base.css"}),
        "hcl": ("import", {"./vpc"}),
        "dockerfile": ("base", {"python"}),
    }
    for language, (kind, names) in expected.items():
        assert names <= {one.name for one in parse(language).references if one.kind == kind}


DEEP = {
    "mappings": "\n".join(" " * depth + f"k{depth}:" for depth in range(1000)),
    "sequences": "- " * 1000 + "a",
    "questions": "- ? " * 500 + "a",
    "answers": ": " * 1000,
    "both": "".join(" " * depth + "k:\n" + " " * depth + "-\n" for depth in range(130)),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_yaml_deeper_than_its_scanner_bears_is_cut_by_lines(text: str) -> None:
    """Nesting that would end the process is not parsed."""
    parsed = parse("yaml", text)
    assert parsed.line_chunked
    assert_whole(parsed, text)


def test_deep_yaml_that_people_write_is_parsed() -> None:
    """Forty levels of mappings with lists in them are no trouble."""
    text = "".join("  " * depth + f"k{depth}:\n" + "  " * depth + "- a\n" for depth in range(40))
    text += "text: |\n" + "".join(" " * (2 + depth) + "drawn\n" for depth in range(20))
    assert not parse("yaml", text).line_chunked


def test_swift_comments_that_never_end_are_not_parsed() -> None:
    """Comments opened a thousand times inside each other would stop the parser for minutes."""
    text = "let a = 1\n" + "/*" * 3000
    parsed = parse("swift", text)
    assert parsed.line_chunked
    assert_whole(parsed, text)


def test_keys_of_data_are_no_symbols() -> None:
    """A table of thousands of translations is cut, but its keys are not listed."""
    text = "{\n" + ",\n".join(f'  "message.{n}": "text {n}"' for n in range(6_000)) + "\n}\n"
    parsed = parse("json", text)
    assert parsed.symbols == ()
    assert_whole(parsed, text)
    assert len(parse("json", text.split(',\n  "message.100"')[0] + "\n}\n").symbols) == 100
