"""Reading diffs: what git prints for every kind of change, plain ones, and what is malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.change import FileChange
from localdev.core.errors import UsageError
from localdev.source.diff import read_diff, unquoted

GIT = """From 0123 Mon Sep 17 00:00:00 2001
Subject: [PATCH] --- not a header

diff --git a/src/a b.py b/src/a b.py
index 1111111..2222222 100644
--- a/src/a b.py\t
+++ b/src/a b.py\t
@@ -1,3 +1,4 @@ def f():
 one
--- two
+++ two
+three
 four
\\ No newline at end of file
diff --git a/old name b/new name
similarity index 100%
rename from old name
rename to new name
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/logo.png b/logo.png
new file mode 100644
index 0000000..3333333
Binary files /dev/null and b/logo.png differ
diff --git "a/gr\\303\\274n" "b/gr\\303\\274n"
deleted file mode 100644
index 4444444..0000000
--- "a/gr\\303\\274n"
+++ /dev/null
@@ -1 +0,0 @@
-x
"""


def test_a_diff_of_git_is_read() -> None:
    """Names with blanks and escapes, lines that look like headers, renames, modes, binaries and deletions."""
    edited, renamed, mode, binary, gone = read_diff(GIT)
    assert (edited.path, edited.status, edited.old_id, edited.new_mode) == (
        "src/a b.py",
        "modified",
        "1111111",
        "100644",
    )
    assert [(line.kind, line.text, line.old_line, line.new_line) for line in edited.lines()] == [
        ("context", "one", 1, 1),
        ("removed", "-- two", 2, 0),
        ("added", "++ two", 0, 2),
        ("added", "three", 0, 3),
        ("context", "four", 3, 4),
    ]
    assert edited.hunks[0].heading == "def f():"
    assert [line.no_newline for line in edited.lines()] == [False] * 4 + [True]
    assert (renamed.status, renamed.old_path, renamed.path) == ("renamed", "old name", "new name")
    assert (mode.path, mode.old_mode, mode.new_mode) == ("run.sh", "100644", "100755")
    assert (binary.path, binary.status, binary.binary, binary.old_path) == ("logo.png", "added", True, "")
    assert (gone.path, gone.status, gone.new_mode) == ("grün", "deleted", "")


def test_a_plain_diff_is_read() -> None:
    """What `diff -u` prints has dates behind the names and no prefixes."""
    text = "--- dir/a.c\t2026-01-01 10:00:00 +0100\n+++ dir/a.c\t2026-01-02\n@@ -1 +1,2 @@\n x\n+y\n"
    (file,) = read_diff(text)
    assert (file.path, file.old_path, file.status) == ("dir/a.c", "dir/a.c", "modified")
    assert [line.text for line in file.added()] == ["y"]


def test_carriage_returns_are_kept_in_lines() -> None:
    """A file with CRLF line ends shows them; the diff's own headers may have them too."""
    (file,) = read_diff("diff --git a/x b/x\r\n--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n")
    assert [line.text for line in file.lines()] == ["a\r", "b\r"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n", 5),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n?a\n", 4),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n+a\n+b\n", 5),
        ("--- a/x\n+++ b/x\n@@ what @@\n", 3),
        ("diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\n", 2),
        ("--- a/x\n+++ b/x\n@@ -1 +1,9999999999 @@\n", 3),
    ],
)
def test_a_malformed_diff_is_an_error_that_names_the_line(text: str, line: int) -> None:
    """Cut short, foreign marks, wrong counts, an unreadable head, a hunk without names."""
    with pytest.raises(UsageError, match=f"line {line} is"):
        read_diff(text)


@given(st.text(alphabet=st.sampled_from('+-@ \\\nab/"0123,\tdiff--git'), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in another way, and what is read counts as its hunks say."""
    try:
        files = read_diff("diff --git a/x b/x\n--- a/x\n+++ b/x\n" + text)
    except UsageError:
        return
    assert all(_counts(file) for file in files)


def _counts(file: FileChange) -> bool:
    """Say whether every hunk holds as many lines of each side as it says."""
    return all(
        sum(line.kind != "added" for line in hunk.lines) == hunk.old_count
        and sum(line.kind != "removed" for line in hunk.lines) == hunk.new_count
        for hunk in file.hunks
    )


def test_names_are_unquoted_as_git_quotes_them() -> None:
    """Octal escapes are bytes; letters are control characters."""
    assert unquoted('"a\\tb\\"c\\\\d\\303\\251"') == 'a\tb"c\\dé'


@pytest.mark.parametrize("head", ["diff --cc a.py", "diff --combined a.py"])
def test_the_combined_diff_of_a_merge_is_refused(head: str) -> None:
    """Its hunks have several old sides; passed over, a merge would look as if nothing were in it."""
    with pytest.raises(UsageError, match="line 3 begins the combined diff") as refused:
        read_diff(f"commit 1\n\n{head}\nindex 1,2..3\n--- a/a.py\n+++ b/a.py\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n")
    assert "git diff MERGE^ MERGE" in refused.value.hint


@pytest.mark.parametrize("text", ["diff --git \nold mode 100644\n", "--- a/\n+++ b/\n@@ -0,0 +1 @@\n+a\n"])
def test_a_file_without_a_name_is_refused(text: str) -> None:
    """There is no place to tell findings of."""
    with pytest.raises(UsageError, match="no name"):
        read_diff(text)
