"""What is learned from past subjects, and how a draft sounds in each style."""

from __future__ import annotations

import pytest

from localdev.assistant.commit.dress import scope_of, subject_line, worded, wrapped
from localdev.assistant.commit.moods import in_mood
from localdev.assistant.commit.style import LEAST_HISTORY, Style, learn
from localdev.assistant.commit.tickets import ticket_of
from localdev.source.messages import PastMessage

CONVENTIONAL = [
    "feat(cart): add coupons",
    "fix(cart): round totals",
    "docs: mention coupons",
    "chore: update lock file",
    "refactor(store): split the order store",
    "fix(store): keep orders on a full disk",
    "test(cart): cover rounding",
    "feat(store): export orders",
]
GO = [
    "net/http: fix a race in the client",
    "runtime: reduce pauses",
    "cmd/go: add a flag",
    "net/http: document the client",
    "runtime: remove dead code",
    "os: handle long paths",
    "cmd/go: print less",
    "net/http: add a test",
]
PLAIN_PAST = [
    "Added coupons to the cart.",
    "Fixed rounding of totals.",
    "Removed the old store.",
    "Updated the readme.",
    "Changed the order of totals.",
    "Fixed a typo.",
    "Added a test for coupons.",
    "Renamed the store.",
]
GITMOJI = [
    "✨ Add coupons",
    "🐛 Fix rounding",
    "♻️ Split the order store",
    "📝 Mention coupons",
    "✅ Cover rounding",
    "✨ Add export",
    "🔧 Change settings",
    "🐛 Fix export",
]
TAGS = [
    "[cart] Add coupons",
    "[cart] Fix rounding",
    "[store] Split the order store",
    "[docs] Mention coupons",
    "[store] Keep orders",
    "[cart] Cover rounding",
    "[store] Export orders",
    "[cart] Round totals",
]
TYPE_TAGS = [
    "[FIX] rounding of totals",
    "[FEAT] add coupons",
    "[FIX] keep orders",
    "[DOCS] mention coupons",
    "[FEAT] add export",
    "[FIX] a typo",
    "[CHORE] update lock file",
    "[FEAT] add totals",
]
CODES = [
    ":sparkles: feat: add coupons",
    ":bug: fix: round totals",
    ":memo: docs: mention coupons",
    ":bug: fix: keep orders",
    ":sparkles: feat: export orders",
    ":wrench: chore: update settings",
    ":bug: fix: a typo",
    ":sparkles: feat: totals",
]


def past(subjects: list[str], folder: str = "src") -> list[PastMessage]:
    """Make messages; each touches a file in the folder that its first word names."""
    return [PastMessage(subject, "Because of this.", (f"{folder}/{_place(subject)}/a.py",)) for subject in subjects]


def _place(subject: str) -> str:
    for sign in "[]()":
        subject = subject.replace(sign, ":")
    parts = [part for part in subject.split(":") if part.strip()]
    return parts[1] if parts[0] in ("feat", "fix", "test", "refactor") and len(parts) > 2 else parts[0]


STYLES = [
    (CONVENTIONAL, ("conventional", "", "imperative", False, False), "feat(cart): add totals"),
    (GO, ("label", "", "imperative", False, False), "net/http: add totals"),
    (PLAIN_PAST, ("plain", "", "past", True, True), "Added totals."),
    (GITMOJI, ("plain", "sign", "imperative", True, False), "✨ Add totals"),
    (TAGS, ("tag", "", "imperative", True, False), "[cart] Add totals"),
    (TYPE_TAGS, ("tag", "", "imperative", False, False), "[FEAT] add totals"),
    (CODES, ("conventional", "code", "imperative", False, False), ":sparkles: feat: add totals"),
]


@pytest.mark.parametrize(("subjects", "habits", "line"), STYLES)
def test_a_style_is_learned_and_followed(subjects: list[str], habits: tuple[object, ...], line: str) -> None:
    """Form, emoji, mood, capital and full stop come from the history; a draft put into them reads like the others."""
    style = learn(past(subjects))
    assert (style.form, style.emoji, style.mood, style.capital, style.full_stop) == habits
    path = "src/net/http/b.py" if subjects is GO else "src/cart/b.py"
    scope = scope_of(style, (path,), frozenset())
    assert subject_line(style, "add totals", kind="feat", scope=scope) == line


@pytest.mark.parametrize(
    "subjects",
    [
        [],
        GO[: LEAST_HISTORY - 1],
        ["Merge branch 'x'", *GO[:4], "Bump a from 1 to 2", "v1.2.3", "fixup! os: x", 'Revert "os: x"', "..."],
        [*GO[:3], *PLAIN_PAST[:3], *TAGS[:3]],
    ],
    ids=["none", "short", "programs", "mixed"],
)
def test_conventional_commits_where_no_habit_shows(subjects: list[str]) -> None:
    """A short history, one that programs wrote, and one without any one form give Conventional Commits."""
    style = learn(past(subjects))
    assert (style.form, style.mood, style.capital) == ("conventional", "imperative", False)
    assert subject_line(style, "add totals", kind="feat", scope="cart") == "feat(cart): add totals"


def test_the_setting_decides() -> None:
    """Conventional Commits can be asked for in any repository, and its own form where it is hardly shown."""
    assert learn(past(PLAIN_PAST), "conventional").form == "conventional"
    assert learn(past(GO[:3]), "repository").form == "label"
    assert learn([], "repository").form == "conventional"


def test_types_are_words_the_history_uses() -> None:
    """A history that writes `feature` and `bugfix` gets those."""
    style = learn(
        past(["feature: a", "bugfix: b", "feature: c", "bugfix: d", "docs: e", "bugfix: f", "feature: g x"] * 2)
    )
    assert subject_line(style, "add x", kind="feat", scope="") == "feature: add x"
    assert subject_line(style, "mend x", kind="fix", scope="") == "bugfix: mend x"
    assert subject_line(style, "bump x", kind="ci", scope="") == "ci: bump x"


def test_types_for_kinds_of_files() -> None:
    """Where commits to nothing but manifests and locks are chores, a new dependency is one; code stays as it is."""
    chores = [PastMessage(f"chore: raise a{n}", "", ("package.json", "yarn.lock")) for n in range(4)]
    style = learn([*chores, *past(CONVENTIONAL), PastMessage("build: package it", "", ("Makefile",))])
    assert worded(style, ("bump a from 1 to 2",), (), kind="build", scope="").subject == "chore: bump a from 1 to 2"
    assert worded(style, ("bump a from 1 to 2",), (), kind="build", scope="").type == "chore"
    assert subject_line(style, "add x", kind="feat", scope="") == "feat: add x"


def test_a_scope_that_others_there_do_not_share() -> None:
    """A folder whose commits are called this and that gives no scope: a wrong one misleads."""
    names = ("css", "build", "dev", "css", "build", "dev", "optimizer", "optimizer")
    past = [PastMessage(f"fix({name}): mend {n}", "", (f"src/plugins/{name}{n}.ts",)) for n, name in enumerate(names)]
    assert scope_of(learn(past), ("src/plugins/worker.ts",), frozenset()) == ""
    same = [PastMessage(f"fix(css): mend {n}", "", (f"src/plugins/css{n}.ts",)) for n in range(4)]
    assert scope_of(learn([*past, *same]), ("src/plugins/css1.ts",), frozenset()) == "css"


def test_a_scope_of_one_commit_that_touched_a_file_by_the_way() -> None:
    """It is that of the other files it touched; the file's own name is better where it is known as a scope."""
    others = [PastMessage(f"fix(context): mend {n}", "", ("context.go",)) for n in range(9)]
    by_the_way = PastMessage("refactor(context): name addresses", "", ("context.go", "utils.go"))
    style = learn([*others, by_the_way])
    assert scope_of(style, ("context.go",), frozenset()) == "context"
    assert scope_of(style, ("utils.go",), frozenset()) == ""
    known = learn([*others, by_the_way, PastMessage("refactor(utils): move it", "", ("a.go", "b.go", "utils.go"))])
    assert scope_of(known, ("utils.go",), frozenset()) == "utils"


def test_scopes_where_scopes_are_used() -> None:
    """Hardly ever a scope in the history: none; else the one of commits to the same place, or the component."""
    never = learn(past([subject.replace("(cart)", "").replace("(store)", "") for subject in CONVENTIONAL]))
    assert scope_of(never, ("src/cart/b.py",), frozenset()) == ""
    style = learn(past(CONVENTIONAL))
    assert scope_of(style, ("src/cart/b.py", "src/cart/c.py"), frozenset()) == "cart"
    assert scope_of(style, ("elsewhere/x/b.py",), frozenset()) == ""
    assert scope_of(Style(), ("elsewhere/x/b.py",), frozenset()) == "x"
    assert scope_of(Style(), ("a/x.py", "b/y.py"), frozenset()) == ""


@pytest.mark.parametrize(
    ("subjects", "body", "branch", "wanted"),
    [
        (["SHOP-{} Add coupons"], "", "feature/SHOP-12-cart", "SHOP-12 Add totals"),
        (["SHOP-{}: Add coupons"], "", "shop-12-cart", "SHOP-12: Add totals"),
        (["[SHOP-{}] Add coupons"], "", "feature/shop-12", "[SHOP-12] Add totals"),
        (["Add coupons (SHOP-{})"], "", "SHOP-12", "Add totals (SHOP-12)"),
        (["Add coupons [SHOP-{}] (#{})"], "", "SHOP-12", "Add totals [SHOP-12]"),
        (["fix(SHOP-{}): add coupons"], "", "SHOP-12", "feat(SHOP-12): add totals"),
        (["fix: SHOP-{} add coupons"], "", "SHOP-12", "feat: SHOP-12 add totals"),
        (["fix: [SHOP-{}] add coupons"], "", "SHOP-12", "feat: [SHOP-12] add totals"),
        (["#{} Add coupons"], "", "12-cart", "#12 Add totals"),
        (["Add coupons, refs #{}"], "", "fix/12", "Add totals, refs #12"),
        (["Add coupons"], "Why.\n\nRefs: SHOP-{}", "SHOP-12", "Add totals\n\nRefs: SHOP-12"),
        (["Add coupons"], "Closes #{}", "issue-12", "Add totals\n\nCloses #12"),
        (["Add coupons (#{})"], "", "SHOP-12", "Add totals"),
        (["Add coupons"], "", "feature/SHOP-12", "Add totals"),
        (["SHOP-{} Add coupons"], "", "main", "Add totals"),
        (["Use UTF-{} for coupons"], "", "main", "Add totals"),
    ],
)
def test_tickets_stand_where_the_history_has_them(subjects: list[str], body: str, branch: str, wanted: str) -> None:
    """The branch's ticket goes in front, into brackets, into the scope, to the end or into a trailer; or nowhere."""
    history = [PastMessage(subjects[0].replace("{}", str(n)), body.replace("{}", str(n)), ("a.py",)) for n in range(10)]
    style = learn(history)
    ticket = ticket_of(branch, style.ticket)
    assert worded(style, ("add totals",), (), kind="feat", scope="", ticket=ticket).text == wanted


@pytest.mark.parametrize(
    ("branch", "wanted"),
    [
        ("feature/ABC-123-cart", "ABC-123"),
        ("ABC-123", "ABC-123"),
        ("abc-123-cart", ""),
        ("fix-utf-8", ""),
        ("fix/UTF-8", ""),
        ("release/1.2.3", ""),
        ("12-cart", ""),
        ("", ""),
    ],
)
def test_tickets_of_a_branch_without_a_habit(branch: str, wanted: str) -> None:
    """Capital letters, a dash and a number are a ticket; versions and the names of standards are none."""
    assert ticket_of(branch, None) == wanted


def test_a_ticket_of_a_young_repository_is_a_trailer() -> None:
    """Where the history is too short to show a habit the ticket is not lost."""
    assert worded(Style(), ("add x y",), (), kind="feat", scope="", ticket="A-1").text == "feat: add x y\n\nRefs: A-1"


def test_the_first_subject_that_fits_is_taken() -> None:
    """Never more than 72 characters: shorter words, then no scope, then a cut at a word."""
    long = "add " + "a" * 64
    assert worded(Style(), (long, "add it"), (), kind="feat", scope="cart").subject == "feat(cart): add it"
    assert worded(Style(), ("add " + "b" * 60,), (), kind="fix", scope="cart").subject == "fix: add " + "b" * 60
    cut = worded(Style(), ("add " + "word " * 40,), (), kind="fix", scope="").subject
    assert len(cut) <= 72 and cut.endswith("word ...")
    assert len(worded(Style(), ("x" * 200,), (), kind="fix", scope="").subject) <= 72


def test_lines_below_are_wrapped() -> None:
    """Lines fold at 72 with their further lines indented; names are never broken."""
    body = worded(Style(), ("add it",), ("add " + "name " * 30, "update x"), kind="feat", scope="").body
    rows = body.split("\n")
    assert rows[0].startswith("- add name") and rows[1].startswith("  name") and rows[-1] == "- update x"
    assert max(map(len, rows)) <= 72
    assert wrapped("y" * 100) == "y" * 100


def test_no_body_where_nobody_writes_one() -> None:
    """In a history of bare subjects the draft is a bare subject."""
    bare = learn([PastMessage(subject) for subject in CONVENTIONAL])
    assert worded(bare, ("add it",), ("add a", "add b"), kind="feat", scope="").body == ""


@pytest.mark.parametrize(
    ("text", "past", "present"),
    [
        ("add x", "added x", "adds x"),
        ("remove x", "removed x", "removes x"),
        ("copy x", "copied x", "copies x"),
        ("make x", "made x", "makes x"),
        ("rename x", "renamed x", "renames x"),
        ("move x", "moved x", "moves x"),
        ("bump x", "bumped x", "bumps x"),
        ("change x", "changed x", "changes x"),
        ("initial commit", "initial commit", "initial commit"),
        ("add_user is new", "add_user is new", "add_user is new"),
    ],
)
def test_moods(text: str, past: str, present: str) -> None:
    """Verbs are put into each mood and back; a name that looks like a verb stays."""
    assert (in_mood(text, "past"), in_mood(text, "present")) == (past, present)
    assert in_mood(past, "imperative") == in_mood(present, "imperative") == text
