"""SQL put together out of values, and the same with parameters."""

from __future__ import annotations

import pytest

from localdev.rules.injected.sql import RULE
from tests.rules.rows import severities

BAD = [
    ("a.py", 'def f(cur, x):\n    cur.execute("SELECT * FROM t WHERE a = \'" + x + "\'")\n'),
    ("a.py", "def f(cur, x):\n    cur.execute(f'DELETE FROM t WHERE a = {x}')\n"),
    ("a.py", "def f(cur, x):\n    q = \"SELECT * FROM t WHERE a = '%s'\" % x\n    cur.execute(q)\n"),
    (
        "a.py",
        "def f(cur, x):\n    q = 'SELECT * FROM t'\n    if x:\n        q += \" WHERE a = '\" + x + \"'\"\n"
        "    cur.execute(q)\n",
    ),
    ("a.py", "def f(cur, x):\n    cur.execute('UPDATE t SET a = {} WHERE 1'.format(x))\n"),
    ("a.py", "def f(x):\n    return User.objects.raw('SELECT * FROM u WHERE n = \\'' + x + '\\'')\n"),
    ("a.py", "def f(x):\n    return User.objects.extra(where=[\"name = '%s'\" % x])\n"),
    ("a.py", "from sqlalchemy import text\ndef f(s, x):\n    s.execute(text(f\"SELECT * FROM u WHERE n = '{x}'\"))\n"),
    ("a.js", "function f(db, x) { db.query(`SELECT * FROM t WHERE a = '${x}'`); }\n"),
    ("a.js", "function f(db, x) { const q = 'SELECT * FROM t WHERE a = ' + x; return db.all(q); }\n"),
    ("a.ts", "export const f = (p: any, x: string) => p.$queryRawUnsafe(`SELECT * FROM t WHERE a = '${x}'`);\n"),
    ("a.ts", "export const f = (k: any, x: string) => k.whereRaw(`name = '${x}'`);\n"),
    ("a.go", 'package p\nfunc f(db *sql.DB, x string) { db.Query("SELECT * FROM t WHERE a = \'" + x + "\'") }\n'),
    (
        "a.go",
        "package p\nfunc f(db *sql.DB, x string) {\n"
        "\tq := fmt.Sprintf(\"SELECT * FROM t WHERE a = '%s'\", x)\n\tdb.QueryRow(q)\n}\n",
    ),
    ("a.go", 'package p\nfunc f(db *gorm.DB, x string) { db.Where("name = \'" + x + "\'").Find(&u) }\n'),
    (
        "a.rs",
        "async fn f(p: &Pool, x: &str) { sqlx::query(&format!(\"SELECT * FROM t WHERE a = '{}'\", "
        "x)).fetch_all(p).await; }\n",
    ),
    (
        "a.rs",
        "fn f(c: &Connection, x: &str) { let q = format!(\"DELETE FROM t WHERE a = '{x}'\"); c.execute(&q, []); }\n",
    ),
    (
        "A.java",
        'class A { void f(Statement s, String x) throws Exception { s.executeQuery("SELECT * FROM t WHERE '
        'a = \'" + x + "\'"); } }\n',
    ),
    (
        "A.java",
        'class A { void f(Connection c, String x) throws Exception { String q = String.format("SELECT * '
        "FROM t WHERE a = '%s'\", x); c.prepareStatement(q); } }\n",
    ),
    (
        "A.java",
        'class A { void f(EntityManager m, String x) { m.createQuery("from User u where u.name = \'" + x '
        '+ "\'"); } }\n',
    ),
    (
        "A.java",
        'class A { void f(JdbcTemplate j, String x) { StringBuilder b = new StringBuilder("SELECT * FROM '
        't"); b.append(" WHERE a = \'").append(x).append("\'"); j.queryForList(b.toString()); } }\n',
    ),
    (
        "a.c",
        "void f(sqlite3 *db, const char *x) {\n char q[200];\n"
        " sprintf(q, \"SELECT * FROM t WHERE a = '%s'\", x);\n sqlite3_exec(db, q, 0, 0, 0);\n}\n",
    ),
    ("a.cpp", 'void f(pqxx::work &w, const std::string &x) { w.exec("SELECT * FROM t WHERE a = \'" + x + "\'"); }\n'),
    ("a.cpp", "void f(QString x) { QSqlQuery q; q.exec(QString(\"SELECT * FROM t WHERE a = '%1'\").arg(x)); }\n"),
    (
        "a.cs",
        'class A { void F(string x) { var c = new SqlCommand("SELECT * FROM t WHERE a = \'" + x + "\'", conn); } }\n',
    ),
    ("a.cs", "class A { void F(string x) { db.Users.FromSqlRaw($\"SELECT * FROM t WHERE a = '{x}'\"); } }\n"),
    ("a.cs", "class A { void F(string x) { cmd.CommandText = $\"DELETE FROM t WHERE a = '{x}'\"; } }\n"),
    ("a.rb", "def f(x)\n  User.where(\"name = '#{x}'\")\nend\n"),
    ("a.rb", "def f\n  User.order(params[:sort])\nend\n"),
    ("a.rb", "def f(x)\n  ActiveRecord::Base.connection.execute(\"SELECT * FROM t WHERE a = '#{x}'\")\nend\n"),
    ("a.php", "<?php\nfunction f($db, $x) { $db->query(\"SELECT * FROM t WHERE a = '$x'\"); }\n"),
    ("a.php", "<?php\nfunction f($c, $x) { $q = 'SELECT * FROM t WHERE a = ' . $x; mysqli_query($c, $q); }\n"),
    ("a.php", '<?php\nfunction f($x) { return DB::select("SELECT * FROM t WHERE a = \'" . $x . "\'"); }\n'),
    ("a.js", "function f(db, x) { db.query({ text: `SELECT * FROM t WHERE a = '${x}'` }); }\n"),
    ("a.rb", "def f\n  User.find(:all, :conditions => \"name = '#{params[:n]}'\")\nend\n"),
    (
        "a.cs",
        'class A { void F(string x) { var b = new StringBuilder("SELECT * FROM t"); b.AppendFormat(" '
        "WHERE a = '{0}'\", x); cmd.CommandText = b.ToString(); } }\n",
    ),
    ("A.java", 'class A { void f(Query q, String x) { q.setFilter("id == \'" + x + "\'"); } }\n'),
    ("a.py", "def f(cur, sort):\n    cur.execute('SELECT * FROM t ORDER BY ' + sort)\n"),
    (
        "a.go",
        "package p\nfunc (s *S) f(ctx context.Context, x string) {\n"
        '\trows, err := s.db.QueryContext(ctx, "SELECT id FROM t WHERE name LIKE \'%"+x+"%\'")\n}\n',
    ),
    (
        "a.rs",
        'fn f(c: &mut PgConnection, x: &str) { diesel::sql_query(format!("SELECT * FROM t WHERE n = '
        "'{}'\", x)).load(c); }\n",
    ),
    (
        "a.rs",
        'async fn f(c: &Client, x: &str) { let q = "SELECT * FROM t WHERE n = \'".to_string() + x + "\'"; '
        "c.query(q.as_str(), &[]).await; }\n",
    ),
    (
        "a.cpp",
        'void f(sqlite3 *db, const std::string &x) { std::string q = "DELETE FROM t WHERE n = \'" + x + '
        '"\'"; sqlite3_exec(db, q.c_str(), 0, 0, 0); }\n',
    ),
    (
        "a.cpp",
        'void f(sqlite3 *db, const std::string &x) { std::stringstream q; q << "DELETE FROM t WHERE n = '
        '\'" << x << "\'"; sqlite3_exec(db, q.str().c_str(), 0, 0, 0); }\n',
    ),
    (
        "a.c",
        'void f(MYSQL *m, const char *x) { char q[99]; snprintf(q, sizeof q, "SELECT * FROM t WHERE '
        "n='%s'\", x); mysql_query(m, q); }\n",
    ),
    (
        "a.c",
        'void f(PGconn *m, const char *x) { char q[99]; strcpy(q, "SELECT * FROM t WHERE n=\'"); '
        'strcat(q, x); strcat(q, "\'"); PQexec(m, q); }\n',
    ),
    (
        "a.cs",
        'class A { async Task F(string x) { var r = await conn.QueryAsync<User>("SELECT * FROM u WHERE n '
        '= \'" + x + "\'"); } }\n',
    ),
    ("a.cs", "class A { void F(string x) { ctx.Database.ExecuteSqlRaw($\"DELETE FROM u WHERE n = '{x}'\"); } }\n"),
    (
        "a.cs",
        "class A { void F(string x) { var sql = string.Format(\"SELECT * FROM u WHERE n = '{0}'\", x); "
        "using var c = new SqliteCommand(sql, conn); } }\n",
    ),
    ("a.rb", 'def f(x)\n  @db.execute("SELECT * FROM t WHERE n = \'" + x + "\'")\nend\n'),
    ("a.rb", "def f(x)\n  where(\"n LIKE '%#{x}%'\").first\nend\n"),
    ("a.rb", "def f(x)\n  sql = <<~SQL\n    SELECT * FROM t WHERE n = '#{x}'\n  SQL\n  conn.exec(sql)\nend\n"),
    (
        "a.php",
        '<?php\nfunction f($wpdb, $x) { return $wpdb->get_results("SELECT * FROM {$wpdb->posts} WHERE n '
        "= '$x'\"); }\n",
    ),
    (
        "a.php",
        '<?php\nfunction f($pdo, $x) { $s = $pdo->prepare("SELECT * FROM t WHERE n = \'" . $x . "\'"); '
        "$s->execute(); }\n",
    ),
    ("a.php", '<?php\nfunction f($x) { return User::whereRaw("n = \'" . $x . "\'")->get(); }\n'),
    (
        "A.java",
        'class A { User f(JdbcTemplate j, String x) { return j.queryForObject("SELECT * FROM u WHERE n = '
        '\'" + x + "\'", m); } }\n',
    ),
    (
        "A.java",
        'class A { void f(EntityManager em, String x) { em.createNativeQuery(String.format("SELECT * '
        "FROM u WHERE n = '%s'\", x)).getResultList(); } }\n",
    ),
    (
        "a.ts",
        'export class R { find(n: string) { return this.repo.createQueryBuilder("u").where(`u.name = '
        "'${n}'`).getMany(); } }\n",
    ),
    ("a.ts", "export class R { find(n: string) { return this.ds.query(`SELECT * FROM u WHERE name = '${n}'`); } }\n"),
    ("a.js", 'const f = (seq, x) => seq.query("SELECT * FROM u WHERE n = \'" + x + "\'", { type: 1 });\n'),
    ("a.py", "def f(s, x):\n    return s.query(U).filter(text(f\"name = '{x}'\")).all()\n"),
    (
        "a.py",
        "def f(conn, x):\n    query = (\n        'SELECT * FROM t '\n        'WHERE n = ' + repr(x)\n"
        "    )\n    return pd.read_sql(query, conn)\n",
    ),
]
GOOD = [
    ("a.py", "def f(cur, x):\n    cur.execute('SELECT * FROM t WHERE a = %s', (x,))\n"),
    ("a.py", "T = 't'\ndef f(cur, x):\n    cur.execute(f'SELECT * FROM {T} WHERE a = ?', (x,))\n"),
    (
        "a.py",
        "def f(cur, ids):\n    marks = ','.join('?' * len(ids))\n"
        "    cur.execute(f'SELECT * FROM t WHERE a IN ({marks})', ids)\n",
    ),
    (
        "a.py",
        "def f(cur, n: int):\n    cur.execute(f'SELECT * FROM t WHERE a = {n}')\n"
        "    cur.execute('SELECT * FROM t LIMIT %d' % n)\n",
    ),
    (
        "a.py",
        "def f(x):\n    raise ValueError(f'select a value from {x} where a = {x}')\n"
        "    print('update ' + x + ' set')\n",
    ),
    ("a.py", "def f(x):\n    log.info(f'Select one from {x}')\n    parser.error('delete from ' + x)\n"),
    ("a.js", "function f(db, x) { db.query('SELECT * FROM t WHERE a = $1', [x]); }\n"),
    ("a.ts", "export const f = (p: any, x: string) => p.$queryRaw`SELECT * FROM t WHERE a = ${x}`;\n"),
    ("a.js", "function f(sql, x) { return sql`SELECT * FROM t WHERE a = ${x}`; }\n"),
    ("a.go", 'package p\nfunc f(db *sql.DB, x string) { db.Query("SELECT * FROM t WHERE a = ?", x) }\n'),
    ("a.go", 'package p\nfunc f(db *sql.DB, n int) { db.Query(fmt.Sprintf("SELECT * FROM t WHERE a = %d", n)) }\n'),
    (
        "a.rs",
        'async fn f(p: &Pool, x: &str) { sqlx::query("SELECT * FROM t WHERE a = $1").bind(x).fetch_all(p).await; }\n',
    ),
    (
        "A.java",
        'class A { void f(Connection c, String x) throws Exception { c.prepareStatement("SELECT * FROM t '
        'WHERE a = ?").setString(1, x); } }\n',
    ),
    (
        "A.java",
        'class A { static final String T = "t"; void f(Statement s, int n) throws Exception { '
        's.executeQuery("SELECT * FROM " + T + " WHERE a = " + n); } }\n',
    ),
    (
        "a.c",
        'void f(sqlite3 *db, int n) {\n char q[200];\n sprintf(q, "SELECT * FROM t WHERE a = %d", n);\n'
        " sqlite3_exec(db, q, 0, 0, 0);\n}\n",
    ),
    (
        "a.cs",
        'class A { void F(string x) { db.Users.FromSqlInterpolated($"SELECT * FROM t WHERE a = {x}"); var '
        'c = new SqlCommand("SELECT 1", conn); } }\n',
    ),
    ("a.rb", "def f(x)\n  User.where('name = ?', x)\n  User.where(name: x)\n  User.order(:name)\nend\n"),
    ("a.php", "<?php\nfunction f($db, $x) { $s = $db->prepare('SELECT * FROM t WHERE a = ?'); $s->execute([$x]); }\n"),
    (
        "a.php",
        "<?php\nfunction f($db, $x) { $db->query('SELECT * FROM t WHERE a = ' . (int) $x); "
        '$db->query("SELECT * FROM t WHERE a = " . $db->quote($x)); }\n',
    ),
    (
        "a.go",
        "package p\nfunc f(db *sql.DB, x string) {\n\tid, _ := strconv.Atoi(x)\n"
        '\tdb.Exec("DELETE FROM t WHERE id = " + id)\n}\n',
    ),
]


@pytest.mark.parametrize(("path", "text"), BAD)
def test_a_value_in_a_query_is_found(path: str, text: str) -> None:
    """Each language's drivers and ORMs, with a value in the text, also when it was built a line before."""
    assert any(each in ("medium", "high") for each in severities(RULE, path, text))


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_parameters_numbers_and_fixed_texts_are_left_alone(path: str, text: str) -> None:
    """The same queries where the value is passed beside the text, or can do no harm."""
    assert severities(RULE, path, text) == []


def test_the_name_of_a_table_is_a_remark() -> None:
    """A name of a table that nobody outside chooses is worth a word and no more."""
    assert severities(RULE, "a.py", "def f(cur, table):\n    cur.execute(f'SELECT * FROM {table}')\n") == ["low"]


def test_one_query_is_one_finding() -> None:
    """A text that is built on one line and run on the next is told of once."""
    text = "def f(cur, x):\n    q = f\"SELECT * FROM t WHERE a = '{x}'\"\n    cur.execute(q)\n"
    assert severities(RULE, "a.py", text) == ["high"]
