"""The forms that assertions have in the test frameworks of each language, and how much each form says."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SCRIPT = (
    r"^(?:await )?(?:\w+\.)?(?:expect|should|expectTypeOf|assertType)\b(?!\.(?:assertions|hasAssertions|extend"
    r"|any|objectContaining))"
    r"|(?:^|\.)assert\w*(?:\.\w+)*\(|\.should\b|\.expect\("
    r"|^t\.(?:is|isNot|deepEqual|notDeepEqual|equal|equals|notEqual|ok|notOk|same|true|false|not|throws\w*|rejects|pass|fail|like|"
    r"regex|snapshot|strictEqual|deepStrictEqual|truthy|falsy|match)\(|^QUnit\.assert|^assert\."
)
# What a statement looks like without its arguments when it asserts something.
FORMS: dict[str, re.Pattern[str]] = {
    "python": re.compile(r"^assert\b|(?:^|\.)(?:assert\w*|fail|fail(?:If|Unless)\w*|raises)\("),
    "javascript": re.compile(_SCRIPT),
    "typescript": re.compile(_SCRIPT),
    "tsx": re.compile(_SCRIPT),
    "go": re.compile(
        r"(?:^|\.)(?:assert|require|Require\(\)|Assert\(\)|is|qt|gomega|td|must)\.\w+\(|^(?:Expect|Eventually|Consistently|Ω)\w*\("
        r"|^(?:assert|require|expect|check|must)\w*\(|^(?:t|tb|b|f|tt|s|c|suite|ts)\.(?:Errorf?|Fatalf?|Fail|FailNow|Equal\w*|"
        r"NoError|Error\w*|True|False|Nil|NotNil|Len|Contains|Assert|Check|Empty|NotEmpty|Require|Assert)\("
    ),
    "rust": re.compile(r"^(?:\w+::)*\w*assert\w*!"),
    "java": re.compile(r"(?:^|\.)(?:assert\w*|fail|verify\w*|expect\w*|andExpect\w*|then|thenThrownBy|isEqualTo)\("),
    "c": re.compile(
        r"^(?:\w+::)*(?:(?:EXPECT|ASSERT|CHECK|REQUIRE|TEST_ASSERT|TEST_CHECK|STATIC_REQUIRE|VERIFY|QVERIFY|QCOMPARE|FAIL|WARN|"
        r"DOCTEST_\w*|BOOST_\w*(?:CHECK|REQUIRE|TEST)|CU_ASSERT|test_cond|lu_assert)\w*|(?:\w+_)?assert\w*|munit_\w+|ck_\w+|cr_\w+)\("
        r"|^static_assert\b|^_Static_assert\b"
    ),
    "c_sharp": re.compile(
        r"(?:^|\.)\w*Assert\.\w+|\.Should\w*\(|\.Verify\w*\(|\.(?:Did?Not)?Received\w*\(|^Expect\w*\("
    ),
    "ruby": re.compile(
        r"^(?:assert\w*|refute\w*|flunk|expect|is_expected|must_\w+|wont_\w+)\b|\.(?:should|should_not|must_\w+|wont_\w+)\b|\)\.(?:to|not_to|to_not)\b"
    ),
    "php": re.compile(r"(?:->|::|^)(?:assert\w*|expect\w*|fail|should\w*|verify)\("),
}
FORMS["cpp"] = FORMS["c"]

_STRING = re.compile(r"(\"\"\"|'''|`|\"|')(?:\\.|(?!\1)[^\\])*\1", re.DOTALL)
_RUBY_BLOCK = re.compile(r" do\b.*\bend\b", re.DOTALL)
_OPEN, _CLOSE = "([{", ")]}"
_WORD = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\"[^\"]*\"|'[^']*'")

_EXACT = re.compile(
    r"equal|(?:^|_|\.)eq(?:l|_?slice|f)?(?:\b|_)|_?eq!?$|(?:^|[a-z_])EQ$|STREQ|same|identical|\btoBe$|toStrict|isEqualTo|\.is$|"
    r"calledwith|called_with|called_once_with|calledoncewith|calledtimes|call_count|containsexactly|hassize|havelength|lengthof|"
    r"snapshot|haslength|tobecloseto|almost|near|indelta|closeto|matches?_array|contain_exactly|jsoneq|cmp|count|size|must_be_same|"
    r"^len$|tohavetextcontent|be_within|^be$",
    re.IGNORECASE,
)
_THROWS = re.compile(r"raise|throw|exception|panics|rejects|expectederror|errorcontains|erroris", re.IGNORECASE)
_TRUTHY = re.compile(
    r"true|truthy|^ok$|\.ok$|not_?nu?ll?$|not_?none|not_?nil|defined|exists?$|present|not_?empty|noerror$|^error$|be_?null|"
    r"called$|ok\b|been_called|havebeencalled|have_received$|bool|be_a\b|instance|kind_of|isa?$|predicate|^assert!?$|^assert_$|^check$|"
    r"^require$|^verify$|^expect_$|type",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\bnot\b|\.not\b|not_to|to_not|should_not|refute|wont_|notequal|not_equal|_ne!?$|_NE$|notsame|isnot|doesnot",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"(?:debug_|prop_|static_|soft_|cr_|munit_|ck_|lu_)?assert!?_?(?:true|that|msg|ok)?|(?:assert|expect|check|require)_?true|"
    r"is_?true|to_?be_?true|EXPECT_TRUE|ASSERT_TRUE|TEST_ASSERT(?:_TRUE)?|TEST_CHECK|CHECK|REQUIRE|BOOST_(?:CHECK|TEST|REQUIRE)|"
    r"check|require|ok|verify|QVERIFY|test_cond|CU_ASSERT|true",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:assert|expect|check|require)_?false|is_?false|to_?be_?false|false|refute|(?:EXPECT|ASSERT|CHECK|REQUIRE)_FALSE"
    r"|TEST_ASSERT_FALSE|assert_not",
    re.IGNORECASE,
)
_CHORE = re.compile(
    r"\b(?:remove(?:_?all)?|unlink\w*|rm(?:dir|tree|sync)\w*|mkdir\w*|mk[ds]?temp\w*|chdir|(?:un)?setenv|writefile\w*|fclose"
    r"|(?<!is_)close[dr]?)\(",
    re.IGNORECASE,
)
_HEADS = re.compile(
    r"expect\w*|assertThat\w*|should|then|that|Expect|is_expected|await|to|be|been|have|a|an|Does|Is", re.IGNORECASE
)
# Compared with one of these, a look at truth or presence says as much.
_EMPTY = re.compile(
    r"(?:(?:Boolean\.|bool\.)?(?:true|false)|none|null|nil|nullptr|undefined|0|\"\"|''|\[\]|\{\})", re.IGNORECASE
)
_BARE_EMPTY = r"(?:0|\"\"|''|\[\]|\{\})"
_WITH_EMPTY = re.compile(rf"===?\s*{_BARE_EMPTY}(?![\w.\[({{])|(?<![\w.\])]){_BARE_EMPTY}\s*===?(?!=)")
_NOTHING = re.compile(r"(?:false|0|none|null|nil|undefined|\"\"|'')", re.IGNORECASE)
_CONSTANT = re.compile(r"[\d.]+|true|false|none|null|nil|\"[^\"]*\"|'[^']*'", re.IGNORECASE)
_ITSELF = re.compile(r"\(?([\w.]+)(?:\.equals\(|\s*===?\s*)\1\)?")
_ALWAYS = re.compile(r"(?:true|1|!0|!false|\"[^\"]+\"|'[^']+'|not false)", re.IGNORECASE)


def skeleton(text: str) -> str:
    """Give a text without what stands in brackets and quotes: `expect(a.b).toBe(1)` becomes `expect().toBe()`."""
    kept, depth = [], 0
    for char in _RUBY_BLOCK.sub("()", _STRING.sub('""', text)):
        if char in _CLOSE:
            depth = max(0, depth - 1)
        if depth == 0 and not char.isspace():
            kept.append(char)
        elif depth == 0 and kept and kept[-1] != " ":
            kept.append(" ")
        if char in _OPEN:
            depth += 1
    return "".join(kept).replace(" .", ".").replace(" ->", "->")


def arguments(text: str) -> list[str]:
    """Give the arguments of all calls of a chain in order, blanks folded; of a keyword what follows it."""
    keyword = re.match(r"\s*\w+[!?]?\s+(?![=.])", text)
    if keyword:
        return list(_split(text[keyword.end() :]))
    masked = _STRING.sub(lambda found: "_" * len(found[0]), text)
    groups, start, depth = [], 0, 0
    for at, char in enumerate(masked):
        depth += (char in _OPEN) - (char in _CLOSE)
        if char in "({" and depth == 1:
            start = at + 1
        elif char in ")}" and depth == 0 and start:
            groups.append(text[start:at])
    return [each for group in groups for each in _split(group)]


def _split(text: str) -> Iterator[str]:
    """Cut at commas outside of brackets and quotes."""
    masked = _STRING.sub(lambda found: "_" * len(found[0]), text)
    depth, start = 0, 0
    for at, char in enumerate(masked):
        depth += (char in _OPEN) - (char in _CLOSE)
        if char == "," and depth == 0:
            yield " ".join(text[start:at].split())
            start = at + 1
    if text[start:].strip():
        yield " ".join(text[start:].split())


def words_of(text: str) -> set[str]:
    """Give the names, numbers and texts in an assertion."""
    return set(_WORD.findall(text))


def dense(text: str) -> str:
    """Take out all blanks."""
    return re.sub(r"\s+", "", text)


def expects_failure(text: str) -> bool:
    """Say whether an assertion expects an exception or a panic."""
    return any(_THROWS.search(name) or name.lower() == "error" for name in names_of(skeleton(text)))


def is_chore(text: str) -> bool:
    """Say whether an assertion only sees to it that a test's own files and connections are made and cleared away."""
    return strength(text) <= 1 and _CHORE.search(text) is not None


def is_itself(text: str) -> bool:
    """Say whether an assertion compares a name with itself."""
    given = arguments(text)
    same = len(given) >= 2 and given[0] == given[1] and re.fullmatch(r"\$?\w+", given[0]) is not None
    return same and any(_EXACT.search(name) for name in names_of(skeleton(text)))


def is_constant(text: str) -> bool:
    """Say whether an assertion only marks a place that is not to be reached: `assert(false)`, `fail()`."""
    names, given = names_of(skeleton(text)), arguments(text)
    marks = len(names) == 1 and (
        _PLAIN.fullmatch(names[0]) or re.fullmatch(r"(?i)fail\w*|flunk|assert_?same", names[0])
    )
    return bool(marks) and all(_CONSTANT.fullmatch(each) for each in given)


def names_of(bare: str) -> list[str]:
    """Give the names that say how something is compared: of a chain all but its head."""
    if re.match(r"(?:expect|is_expected)\b.*\.(?:to|not_to|to_not)\b", bare):
        return re.findall(r"[A-Za-z_]\w*[!?]?", re.split(r"\.(?:to|not_to|to_not)\b", bare, maxsplit=1)[-1])[:1]
    bare = re.sub(r"<[^<>]*>", "", bare.removeprefix("await "))
    links = re.findall(r"([A-Za-z_]\w*[!?]?)\(", bare) or re.findall(r"[A-Za-z_]\w*[!?]?", bare)[:1]
    if len(links) > 1 or re.search(r"\)\.[\w.]+$", bare):
        last = re.findall(r"\)\.(?:\w+\.)*(\w+)$", bare)
        links = [each for each in links if not _HEADS.fullmatch(each)] + last
    return links or re.findall(r"[A-Za-z_]\w*[!?]?", bare)[-1:]


def strength(text: str, condition: str = "") -> float:
    """Say how much an assertion says: 0 nothing, 1 that something is there or true, 2 a part of it, 3 all of it."""
    bare, given = skeleton(text), arguments(text)
    if condition:
        return _of_condition(condition, failing=True)
    names = names_of(bare)
    if len(given) >= 2 and names and re.fullmatch(r"(?i)(?:assert)?that", names[-1]):
        return _of_name(" ".join(re.findall(r"\w+", given[1])[:3]).replace(" ", "_"), bare, given[1:])
    if text.startswith(("assert ", "static_assert")) or (len(names) == 1 and _PLAIN.fullmatch(names[0])):
        held = given[0] if given else ""
        # `assert x == 0` is as exact as with any number; `assertTrue(x == 0)` says what `assertEqual(0, x)` does.
        return _of_condition(held if text.startswith("assert ") else _WITH_EMPTY.sub(" empty ", held), failing=False)
    if len(names) == 1 and len(given) == 1 and _DENIED.fullmatch(names[0]):
        return min(2, _of_condition(given[0], failing=False)) if not _NOTHING.fullmatch(given[0]) else 0
    if not names:
        return 1
    return max(_of_name(name, bare, given) for name in names)


def _of_name(name: str, bare: str, given: list[str]) -> float:
    """Judge by the name of the comparison."""
    if len(given) >= 2 and given[0] == given[1] and _EXACT.search(name):
        return 0 if _CONSTANT.fullmatch(given[0]) else 1
    if _THROWS.search(name):
        return 2
    if re.search(
        r"(?:not_?)?(?:null|nil|none|empty|defined|exist|present|true|false|truthy|falsy)", name, re.IGNORECASE
    ):
        return 1
    if _EXACT.search(name):
        if any(_EMPTY.fullmatch(each) for each in given) and "with" not in name.lower():
            return 1
        return 2 if _NEGATED.search(bare) or _NEGATED.search(name) else 3
    return 1 if _TRUTHY.search(name) else 2


def _of_condition(condition: str, *, failing: bool) -> float:
    """Judge a condition that has to hold (or, `failing`, that has not)."""
    plain = _STRING.sub('""', condition).replace("->", ".")  # an arrow compares nothing
    if _ITSELF.fullmatch(plain):
        return 1
    if _ALWAYS.fullmatch(condition.strip()) and not failing:
        return 0
    either = re.search(r"\|\||\bor\b", plain) is not None
    exact = (
        re.search(r"!=(?!=?\s*(?:nil|null|0|\"\"))|DeepEqual|Diff\(|!.*Equal\(|!==", plain)
        if failing
        else re.search(
            r"(?<![!=])===?(?!=)(?!\s*(?:None|null|nil|nullptr|undefined|true|false|True|False)\b)|\bis(?! not| None"
            r"| True| False)\b|"
            r"\.equals\(|\.eq\(|strcmp\(|memcmp\(|Equals?\w*\(|same\w*\(|\.eql\?",
            plain,
            re.IGNORECASE,
        )
    )
    if exact:
        return 2 if either and not failing else 3
    if re.search(
        r"[<>]|!=(?!=?\s*(?:None|null|nil|nullptr|undefined|0)\b)|\bin\b|isinstance|matches|contains|starts|ends|includes|\.is_|\.has",
        plain,
        re.IGNORECASE,
    ):
        return 2 if not either or failing else 1.5
    return 1
