"""Values that are put into queries: which of them do harm, and which were looked at before."""

from __future__ import annotations

import pytest

from localdev.rules.injected import code, deserialising, queries, shell, sql, templates, xml
from tests.rules.changing import findings

RULES = [code.RULE, deserialising.RULE, queries.RULE, shell.RULE, sql.RULE, templates.RULE, xml.RULE]
BAD = [
    (
        "a.php",
        "<?php\n"
        'class A { function f($db, $owner) { $db->query("SELECT * FROM t WHERE a = \'" . '
        '$this->name . "\'"); } }\n',
    ),
    (
        "a.php",
        "<?php\n"
        "class A { function f($o) { $q = sprintf(\"SELECT COUNT(*) FROM %s WHERE owner = '%s'\", "
        "$this->t, addslashes($o)); return $this->pdo->query($q); } }\n",
    ),
    (
        "a.php",
        '<?php\nfunction f($db, $x) { $db->query("SELECT * FROM t WHERE a = \'" . htmlspecialchars($x) . "\'"); }\n',
    ),
    (
        "a.php",
        "<?php\n"
        'function f($db, $x) { $db->query("SELECT * FROM t WHERE id = " . '
        "mysqli_real_escape_string($db, $x)); }\n",
    ),
    ("a.php", '<?php\nfunction f($wpdb, $x) { $wpdb->get_results("SELECT * FROM t WHERE id = " . esc_sql($x)); }\n'),
    (
        "a.c",
        'void f(sqlite3 *db, struct req *r) { char q[200]; sprintf(q, "SELECT * FROM t WHERE a = '
        "'%s'\", r->name); sqlite3_exec(db, q, 0, 0, 0); }\n",
    ),
    ("a.c", 'void f(struct req *r) { char q[200]; sprintf(q, "ls %s", r->name); system(q); }\n'),
    ("a.php", "<?php\nfunction f($r) { exec('ls ' . $r->name); }\n"),
    ("a.py", "def f(cur, form):\n    cur.execute(\"SELECT * FROM t WHERE a = '%s'\" % form.cleaned_data['name'])\n"),
    (
        "a.py",
        "from urllib.parse import unquote\ndef f(cur, x):\n"
        "    cur.execute(\"SELECT * FROM t WHERE a = '%s'\" % unquote(x))\n",
    ),
    ("a.py", "import html\ndef f(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{html.escape(x)}'\")\n"),
    ("a.py", "def f(cur, mail):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{mail.split('@')[0]}'\")\n"),
    ("a.py", "def f(cur):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{request.args.get('q', '')}'\")\n"),
    ("a.py", "def f(cur, ids):\n    cur.execute('SELECT * FROM t WHERE a IN (' + ','.join(ids) + ')')\n"),
    ("a.js", "function f(db, ids) { db.query(`SELECT * FROM t WHERE a IN (${ids.join(',')})`); }\n"),
    ("a.js", "function f(db, req) { db.query(`SELECT * FROM t WHERE a = '${req.body.quote}'`); }\n"),
    (
        "a.ts",
        "export const f = (db: Db, x: string) => db.query(`SELECT * FROM t WHERE a = '${decodeURIComponent(x)}'`);\n",
    ),
    (
        "a.go",
        "package p\n"
        'func f(db *sql.DB, x []string) { db.Query("SELECT * FROM t WHERE a IN (\'" + '
        'strings.Join(x, "\',\'") + "\')") }\n',
    ),
    (
        "A.java",
        'class A { void f(Statement s, List<String> x) throws Exception { s.executeQuery("SELECT '
        '* FROM t WHERE a IN (\'" + String.join("\',\'", x) + "\')"); } }\n',
    ),
    ("a.rb", "def f(x)\n  User.where(\"name IN ('#{x.join(\"','\")}')\")\nend\n"),
    ("a.rb", "def f(x)\n  DB[\"SELECT * FROM users WHERE name = '#{x}'\"].all\nend\n"),
    ("a.rb", 'def f(x)\n  User.where("name = \'" + CGI.escapeHTML(x) + "\'")\nend\n'),
    ("a.rs", "fn f(c: &Connection, u: &User) { c.execute(&format!(\"DELETE FROM t WHERE a = '{}'\", u.name), []); }\n"),
    (
        "a.cs",
        "class A { void F(User u) { var c = new SqlCommand($\"SELECT * FROM t WHERE a = '{u.Name}'\", conn); } }\n",
    ),
    (
        "a.cpp",
        'void f(sqlite3 *db, const std::string &p) { std::string q = "SELECT * FROM t WHERE k '
        'LIKE \'"; q.append(p).append("%\'"); sqlite3_exec(db, q.c_str(), 0, 0, 0); }\n',
    ),
    (
        "a.cpp",
        'void f(sqlite3 *db, Req *r) { std::string q = "SELECT * FROM t WHERE k = \'" + r->key + '
        '"\'"; sqlite3_exec(db, q.c_str(), 0, 0, 0); }\n',
    ),
]
GOOD = [
    (
        "a.py",
        "def f(cur, ids):\n    marks = ', '.join(['%s'] * len(ids))\n"
        "    cur.execute(f'SELECT * FROM t WHERE a IN ({marks})', ids)\n",
    ),
    (
        "a.js",
        "function f(db, ids) { db.query(`SELECT * FROM t WHERE a IN (${ids.map(() => '?').join(',')})`, ids); }\n",
    ),
    (
        "a.js",
        "function f(db, ids) { db.query(`SELECT * FROM t WHERE a IN (${ids.map((_, i) => '$' + "
        "(i + 1)).join(',')})`, ids); }\n",
    ),
    (
        "a.php",
        "<?php\n"
        'function f($db, $x) { $db->query("SELECT * FROM t WHERE a = \'" . '
        '$db->real_escape_string($x) . "\'"); }\n',
    ),
    (
        "a.php",
        '<?php\nfunction f($wpdb, $x) { $wpdb->get_results("SELECT * FROM t WHERE a = \'" . esc_sql($x) . "\'"); }\n',
    ),
    ("a.rb", 'def f(c, x)\n  c.execute("SELECT * FROM t WHERE a = #{c.quote(x)}")\nend\n'),
    ("a.js", "function f(db, x) { db.query('SELECT * FROM t WHERE a = ' + db.escape(x)); }\n"),
    ("a.py", "import shlex, os\ndef f(x):\n    name = shlex.quote(x)\n    os.system('ls ' + name)\n"),
    (
        "a.py",
        "def f(cur, sort):\n    if sort not in ('name', 'age'):\n        raise ValueError(sort)\n"
        "    cur.execute('SELECT * FROM t ORDER BY ' + sort)\n",
    ),
    (
        "a.py",
        "COLUMNS = {'n': 'name', 'a': 'age'}\ndef f(cur):\n"
        "    cur.execute('SELECT * FROM t ORDER BY ' + COLUMNS[request.args['sort']])\n",
    ),
    (
        "a.py",
        "COLUMNS = {'n': 'name', 'a': 'age'}\ndef f(cur):\n"
        "    cur.execute('SELECT * FROM t ORDER BY ' + COLUMNS.get(request.args['sort'], 'name'))\n",
    ),
    (
        "a.py",
        "COLUMNS = {'name', 'age'}\ndef f(cur):\n    sort = request.args['sort']\n"
        "    if sort not in COLUMNS:\n        sort = 'name'\n"
        "    cur.execute('SELECT * FROM t ORDER BY ' + sort)\n",
    ),
    (
        "a.js",
        "const COLUMNS = ['a', 'b'];\n"
        "function f(db, req) { const s = COLUMNS.includes(req.query.s) ? req.query.s : 'a'; "
        "db.query(`SELECT * FROM t ORDER BY ${s}`); }\n",
    ),
    (
        "a.js",
        "const COLUMNS = ['a', 'b'];\n"
        "function f(db, req) { const s = req.query.s; if (!COLUMNS.includes(s)) return null; "
        "return db.query(`SELECT * FROM t ORDER BY ${s}`); }\n",
    ),
    (
        "a.js",
        "const COLUMNS = { a: 'x', b: 'y' };\n"
        "function f(db, req) { return db.query(`SELECT * FROM t ORDER BY ${COLUMNS[req.query.s]}`); }\n",
    ),
    (
        "a.php",
        "<?php\n"
        "function f($db) { $s = in_array($_GET['s'], ['a', 'b'], true) ? $_GET['s'] : 'a'; "
        "$db->query('SELECT * FROM t ORDER BY ' . $s); }\n",
    ),
    (
        "a.php",
        "<?php\n"
        "function f() { $l = $_GET['l']; $l = in_array($l, ['en', 'cs'], true) ? $l : 'en'; "
        "include __DIR__ . '/p.' . $l . '.php'; }\n",
    ),
    (
        "a.php",
        "<?php\n"
        "function f() { $l = $_GET['l']; if (!in_array($l, ['en', 'cs'], true)) { throw new "
        "Exception('x'); } include __DIR__ . '/p.' . $l . '.php'; }\n",
    ),
    (
        "a.php",
        "<?php\n"
        "function f($r) { $q = $r->getQueryParams(); $l = isset($q['l']) ? $q['l'] : 'en'; $l = "
        "in_array($l, ['en', 'cs'], true) ? $l : 'en'; $p = __DIR__ . '/p.' . $l . '.php'; include $p; }\n",
    ),
    ("a.php", "<?php\nfunction f() { $m = ['a' => 'x.php']; include $m[$_GET['p']] ?? 'y.php'; }\n"),
    (
        "a.php",
        "<?php\n"
        "function f() { $p = $_GET['p']; if (!preg_match('/^[a-z]+$/', $p)) exit; include "
        '__DIR__ . "/$p.php"; }\n',
    ),
    ("a.rb", "def f\n  c = %w[name age].include?(params[:s]) ? params[:s] : 'name'\n  User.order(c)\nend\n"),
    (
        "a.rb",
        "ALLOWED = %w[A B].freeze\ndef f\n  raise 'x' unless ALLOWED.include?(params[:t])\n"
        "  params[:t].constantize.new\nend\n",
    ),
    (
        "a.go",
        'package p\nvar columns = map[string]string{"n": "name"}\n'
        'func f(db *sql.DB, r *http.Request) { c, ok := columns[r.FormValue("s")]\n if !ok { return }\n'
        ' db.Query("SELECT * FROM t ORDER BY " + c) }\n',
    ),
    (
        "a.go",
        'package p\nfunc f(db *sql.DB, r *http.Request) { c := r.FormValue("s")\n'
        ' if !slices.Contains(allowed, c) { return }\n db.Query("SELECT * FROM t ORDER BY " + c) }\n',
    ),
    (
        "A.java",
        'class A { static final Set<String> OK = Set.of("a"); void f(Statement s, '
        'HttpServletRequest r) throws Exception { String c = r.getParameter("s"); if '
        '(!OK.contains(c)) throw new X(); s.executeQuery("SELECT * FROM t ORDER BY " + c); } }\n',
    ),
    (
        "a.cs",
        'class A { void F(string s) { var c = s switch { "a" => "x", _ => "y" }; cmd.CommandText '
        '= "SELECT * FROM t ORDER BY " + c; } }\n',
    ),
    (
        "a.rs",
        'fn f(c: &Connection, s: &str) { let col = match s { "a" => "x", _ => "y" }; '
        'c.execute(&format!("SELECT * FROM t ORDER BY {col}"), []); }\n',
    ),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_a_value_that_nothing_made_harmless_is_found(path: str, text: str) -> None:
    """Escaped for another place, joined, taken apart or followed by quotes of its own."""
    assert any(each.severity in ("medium", "high") for each in findings({}, {path: text}, RULES))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_values_of_a_fixed_few_are_left_alone(path: str, text: str) -> None:
    """Taken from a table, compared with a list or a pattern, or escaped for the place."""
    assert not [each for each in findings({}, {path: text}, RULES) if each.severity in ("medium", "high")]
