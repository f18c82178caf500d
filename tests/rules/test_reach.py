"""Paths, pages, addresses, memory and defaults: what data from outside must not reach."""

from __future__ import annotations

import pytest

from localdev.rules.dangerous import (
    addresses,
    archives,
    c_memory,
    c_slips,
    c_text,
    exposure,
    files,
    logs,
    markup,
    pages,
    paths,
    pollution,
    rust_unchecked,
    swallowed,
    web_defaults,
)
from localdev.rules.rule import Rule
from tests.rules.changing import example_findings
from tests.rules.rows import severities

ROWS: list[tuple[Rule, str, str, str]] = [
    (
        paths.RULE,
        "a.py",
        ("from flask import request, send_file\ndef f():\n    return send_file('files/' + request.args['name'])\n"),
        "high",
    ),
    (
        paths.RULE,
        "a.py",
        (
            "import os\n"
            "from flask import request\n"
            "def f():\n"
            "    name = request.args.get('name')\n"
            "    path = os.path.join(ROOT, name)\n"
            "    return path\n"
        ),
        "high",
    ),
    (
        paths.RULE,
        "a.py",
        (
            "import os\n"
            "from flask import request\n"
            "from werkzeug.utils import secure_filename\n"
            "def f():\n"
            "    name = secure_filename(request.args.get('name'))\n"
            "    path = os.path.join(ROOT, name)\n"
            "    return path\n"
        ),
        "",
    ),
    (
        paths.RULE,
        "a.py",
        ("@app.get('/files/{name}')\ndef f(name: str):\n    return open(f'files/{name}').read()\n"),
        "high",
    ),
    (
        paths.RULE,
        "a.py",
        ("import os\ndef read_file(root, filename):\n    return open(os.path.join(root, filename)).read()\n"),
        "medium",
    ),
    (paths.RULE, "a.py", ("import os\ndef f(root):\n    return open(os.path.join(root, 'a.txt')).read()\n"), ""),
    (paths.RULE, "a.py", "import os\ndef load(root, path):\n    return open(path).read()\n", ""),
    (
        paths.RULE,
        "a.js",
        ("app.get('/f', (req, res) => {\n  res.sendFile(path.join(__dirname, 'public', req.query.name))\n})\n"),
        "high",
    ),
    (
        paths.RULE,
        "a.js",
        (
            "app.get('/f', (req, res) => {\n"
            "  const name = path.basename(req.query.name)\n"
            "  res.sendFile(path.join(__dirname, 'public', name))\n"
            "})\n"
        ),
        "",
    ),
    (
        paths.RULE,
        "a.js",
        (
            "const fs = require('fs')\n"
            "app.get('/f', (req, res) => {\n"
            "  const file = req.params.file\n"
            "  fs.readFile('./data/' + file, cb)\n"
            "})\n"
        ),
        "high",
    ),
    (
        paths.RULE,
        "a.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\tname := r.URL.Query().Get("name")\n'
            "\tb, _ := os.ReadFile(filepath.Join(root, name))\n"
            "}\n"
        ),
        "high",
    ),
    (
        paths.RULE,
        "a.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\tname := filepath.Base(r.URL.Query().Get("name"))\n'
            "\tb, _ := os.ReadFile(filepath.Join(root, name))\n"
            "}\n"
        ),
        "",
    ),
    (
        paths.RULE,
        "A.java",
        (
            'class A { void f(HttpServletRequest request) { String n = request.getParameter("n"); File '
            'f = new File("/data/" + n); } }\n'
        ),
        "high",
    ),
    (
        paths.RULE,
        "A.java",
        (
            'class A { @GetMapping("/f") Resource f(@RequestParam String name) { return new '
            "FileSystemResource(root + name); } }\n"
        ),
        "high",
    ),
    (
        paths.RULE,
        "A.cs",
        (
            "class A { [HttpGet] public IActionResult F(string name) { var p = Path.Combine(root, "
            "name); return PhysicalFile(p, t); } }\n"
        ),
        "high",
    ),
    (paths.RULE, "a.rb", "def show\n  send_file File.join(ROOT, params[:name])\nend\n", "high"),
    (paths.RULE, "a.rb", ("def show\n  send_file File.join(ROOT, File.basename(params[:name]))\nend\n"), ""),
    (paths.RULE, "a.php", "<?php $d = file_get_contents('files/' . $_GET['name']);\n", "high"),
    (paths.RULE, "a.php", "<?php $d = file_get_contents('files/' . basename($_GET['name']));\n", ""),
    (
        paths.RULE,
        "a.rs",
        (
            "async fn f(web::Path(name): web::Path<String>) -> R {\n"
            '    let p = PathBuf::from("static").join(name);\n'
            "    Ok(p)\n"
            "}\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.py",
        ("import tarfile\ndef f(p, d):\n    with tarfile.open(p) as t:\n        t.extractall(d)\n"),
        "high",
    ),
    (
        archives.RULE,
        "a.py",
        ("import tarfile\ndef f(p, d):\n    with tarfile.open(p) as t:\n        t.extractall(d, filter='data')\n"),
        "",
    ),
    (
        archives.RULE,
        "a.py",
        (
            "import zipfile, os\n"
            "def f(z, d):\n"
            "    for info in z.infolist():\n"
            "        open(os.path.join(d, info.filename), 'wb').write(z.read(info))  # zip\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.go",
        (
            "package a\n"
            'import "archive/zip"\n'
            "func unzip(r *zip.Reader, d string) {\n"
            "\tfor _, f := range r.File {\n"
            "\t\tp := filepath.Join(d, f.Name)\n"
            "\t\tos.Create(p) // zip\n"
            "\t}\n"
            "}\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.go",
        (
            "package a\n"
            'import "archive/zip"\n'
            "func unzip(r *zip.Reader, d string) {\n"
            "\tfor _, f := range r.File {\n"
            "\t\tp := filepath.Join(d, f.Name)\n"
            "\t\tif !strings.HasPrefix(p, d) { return }\n"
            "\t\tos.Create(p)\n"
            "\t}\n"
            "}\n"
        ),
        "",
    ),
    (
        archives.RULE,
        "A.java",
        (
            "class A { void unzip(ZipInputStream z, File d) { ZipEntry entry; while ((entry = "
            "z.getNextEntry()) != null) { File f = new File(d, entry.getName()); copy(z, f); } } }\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "A.cs",
        (
            "class A { void F(ZipArchive a, string d) { foreach (var entry in a.Entries) { "
            "entry.ExtractToFile(Path.Combine(d, entry.FullName)); } } }\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.js",
        (
            "const AdmZip = require('adm-zip')\n"
            "function extract(zip, d) {\n"
            "  for (const entry of zip.getEntries()) fs.writeFileSync(path.join(d, entry.entryName), "
            "entry.getData())\n"
            "}\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.rb",
        (
            "require 'zip'\n"
            "def unzip(f, d)\n"
            "  Zip::File.open(f) { |zip| zip.each { |entry| entry.extract(File.join(d, entry.name)) } }\n"
            "end\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.rs",
        (
            "use zip::ZipArchive;\n"
            "fn unzip(a: &mut ZipArchive<File>, d: &Path) {\n"
            "    let file = a.by_index(0).unwrap();\n"
            "    let out = d.join(file.name());\n"
            "}\n"
        ),
        "high",
    ),
    (
        archives.RULE,
        "a.rs",
        (
            "use zip::ZipArchive;\n"
            "fn unzip(a: &mut ZipArchive<File>, d: &Path) {\n"
            "    let file = a.by_index(0).unwrap();\n"
            "    let out = d.join(file.enclosed_name().unwrap());\n"
            "}\n"
        ),
        "",
    ),
    (markup.RULE, "a.js", "el.innerHTML = '<b>' + name + '</b>'\n", "medium"),
    (markup.RULE, "a.js", "el.innerHTML = ''\n", ""),
    (markup.RULE, "a.js", "el.innerHTML = '<b>fixed</b>'\n", ""),
    (markup.RULE, "a.js", "el.innerHTML = DOMPurify.sanitize(name)\n", ""),
    (markup.RULE, "a.js", "el.textContent = name\n", ""),
    (markup.RULE, "a.js", "document.write(location.search)\n", "high"),
    (markup.RULE, "a.js", "el.insertAdjacentHTML('beforeend', `<li>${item.name}</li>`)\n", "medium"),
    (markup.RULE, "a.jsx", ("const A = ({ html }) => <div dangerouslySetInnerHTML={{ __html: html }} />\n"), "medium"),
    (markup.RULE, "a.js", "$('#a').html(data.name)\n", "medium"),
    (
        markup.RULE,
        "a.js",
        ("app.get('/', (req, res) => {\n  res.send('<h1>' + req.query.name + '</h1>')\n})\n"),
        "high",
    ),
    (
        markup.RULE,
        "a.js",
        ("app.get('/', (req, res) => {\n  res.send('<h1>' + escapeHtml(req.query.name) + '</h1>')\n})\n"),
        "",
    ),
    (
        markup.RULE,
        "a.py",
        ("from django.utils.safestring import mark_safe\ndef f(name):\n    return mark_safe('<b>%s</b>' % name)\n"),
        "medium",
    ),
    (
        markup.RULE,
        "a.py",
        ("from django.utils.html import format_html\ndef f(name):\n    return format_html('<b>{}</b>', name)\n"),
        "",
    ),
    (markup.RULE, "a.py", "from markupsafe import Markup\ndef f(name):\n    return Markup('<br>')\n", ""),
    (
        markup.RULE,
        "a.py",
        (
            "from flask import request\n"
            "@app.route('/')\n"
            "def f():\n"
            "    name = request.args['n']\n"
            "    return f'<h1>{name}</h1>'\n"
        ),
        "high",
    ),
    (
        markup.RULE,
        "a.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\tfmt.Fprintf(w, "<h1>%s</h1>", r.FormValue("n"))\n'
            "}\n"
        ),
        "high",
    ),
    (
        markup.RULE,
        "a.go",
        ('package a\nimport "html/template"\nfunc f(s string) template.HTML { return template.HTML(s) }\n'),
        "medium",
    ),
    (
        markup.RULE,
        "A.java",
        (
            "class A { void f(HttpServletRequest request, HttpServletResponse response) { "
            'response.getWriter().println("<b>" + request.getParameter("n") + "</b>"); } }\n'
        ),
        "high",
    ),
    (markup.RULE, "A.cs", "class A { string F(string s) { return Html.Raw(s); } }\n", "medium"),
    (markup.RULE, "a.rb", 'def f(name)\n  "<b>#{name}</b>".html_safe\nend\n', "medium"),
    (markup.RULE, "a.rb", "def f(name)\n  '<b>x</b>'.html_safe\nend\n", ""),
    (markup.RULE, "a.rb", "def f(name)\n  raw(name)\nend\n", "medium"),
    (markup.RULE, "a.php", "<?php echo 'Hello ' . $_GET['name'];\n", "high"),
    (markup.RULE, "a.php", "<?php echo 'Hello ' . htmlspecialchars($_GET['name']);\n", ""),
    (markup.RULE, "a.php", "<?php echo $title;\n", ""),
    (
        addresses.SERVER,
        "a.py",
        ("import requests\nfrom flask import request\ndef f():\n    return requests.get(request.args['url']).text\n"),
        "high",
    ),
    (
        addresses.SERVER,
        "a.py",
        (
            "import requests\n"
            "from flask import request\n"
            "def f():\n"
            "    return requests.get('https://api.example.com/' + request.args['id']).text\n"
        ),
        "",
    ),
    (
        addresses.SERVER,
        "a.js",
        ("app.get('/p', async (req, res) => {\n  const r = await axios.get(req.query.url)\n})\n"),
        "high",
    ),
    (
        addresses.SERVER,
        "a.js",
        (
            "app.get('/p', async (req, res) => {\n"
            "  const r = await axios.get(`https://api.example.com/users/${req.query.id}`)\n"
            "})\n"
        ),
        "",
    ),
    (
        addresses.SERVER,
        "a.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\tresp, _ := http.Get(r.URL.Query().Get("url"))\n'
            "}\n"
        ),
        "high",
    ),
    (
        addresses.SERVER,
        "A.java",
        ('class A { void f(HttpServletRequest request) { new URL(request.getParameter("u")).openStream(); } }\n'),
        "high",
    ),
    (
        addresses.SERVER,
        "A.cs",
        (
            "class A { [HttpGet] public async Task<string> F(string url) { return await "
            "_httpClient.GetStringAsync(url); } }\n"
        ),
        "high",
    ),
    (addresses.SERVER, "a.rb", "def f\n  Net::HTTP.get(URI(params[:url]))\nend\n", "high"),
    (addresses.SERVER, "a.php", "<?php $c = file_get_contents($_GET['url']);\n", "high"),
    (
        addresses.READER,
        "a.py",
        ("from flask import redirect, request\ndef f():\n    return redirect(request.args['next'])\n"),
        "medium",
    ),
    (
        addresses.READER,
        "a.py",
        (
            "from flask import redirect, request\n"
            "def f():\n"
            "    if is_safe_url(request.args['next']):\n"
            "        return redirect(request.args['next'])\n"
        ),
        "",
    ),
    (addresses.READER, "a.js", "app.get('/', (req, res) => { res.redirect(req.query.next) })\n", "medium"),
    (
        addresses.READER,
        "a.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\thttp.Redirect(w, r, r.URL.Query().Get("next"), 302)\n'
            "}\n"
        ),
        "medium",
    ),
    (
        addresses.READER,
        "a.go",
        ('package a\nfunc h(w http.ResponseWriter, r *http.Request) {\n\thttp.Redirect(w, r, "/login", 302)\n}\n'),
        "",
    ),
    (
        addresses.READER,
        "A.java",
        (
            "class A { void f(HttpServletRequest request, HttpServletResponse response) { "
            'response.sendRedirect(request.getParameter("n")); } }\n'
        ),
        "medium",
    ),
    (
        addresses.READER,
        "A.cs",
        ("class A { [HttpGet] public IActionResult F(string returnUrl) { return Redirect(returnUrl); } }\n"),
        "medium",
    ),
    (addresses.READER, "a.rb", "def f\n  redirect_to params[:next]\nend\n", "medium"),
    (addresses.READER, "a.php", "<?php header('Location: ' . $_GET['next']);\n", "medium"),
    (exposure.DEBUG, "app.py", "app.run(debug=True)\n", "medium"),
    (exposure.DEBUG, "app.py", "app.run(debug=DEBUG)\n", ""),
    (exposure.DEBUG, "settings.py", "DEBUG = True\n", "medium"),
    (exposure.DEBUG, "settings/dev.py", "DEBUG = True\n", ""),
    (exposure.DEBUG, "a.go", "package a\nfunc f() { gin.SetMode(gin.DebugMode) }\n", "medium"),
    (exposure.DEBUG, "a.php", "<?php ini_set('display_errors', 1);\n", "medium"),
    (exposure.DEBUG, "A.cs", "class A { void F() { app.UseDeveloperExceptionPage(); } }\n", "medium"),
    (
        exposure.DEBUG,
        "A.cs",
        ("class A { void F() { if (env.IsDevelopment()) { app.UseDeveloperExceptionPage(); } } }\n"),
        "",
    ),
    (exposure.LISTENS, "a.py", "app.run(host='0.0.0.0')\n", "medium"),
    (exposure.LISTENS, "a.py", "app.run(host=os.environ.get('HOST', '127.0.0.1'))\n", ""),
    (exposure.LISTENS, "a.py", "sock.bind(('0.0.0.0', 80))\n", "medium"),
    (exposure.LISTENS, "a.js", "app.listen(3000, '0.0.0.0')\n", "medium"),
    (exposure.LISTENS, "a.go", 'package a\nfunc f() { http.ListenAndServe("0.0.0.0:8080", nil) }\n', "medium"),
    (exposure.LISTENS, "a.rs", 'fn f() { TcpListener::bind("0.0.0.0:80"); }\n', "medium"),
    (exposure.ORIGINS, "a.py", "CORSMiddleware(app, allow_origins=['*'], allow_credentials=True)\n", "medium"),
    (exposure.ORIGINS, "a.js", "app.use(cors({ origin: true, credentials: true }))\n", "medium"),
    (exposure.ORIGINS, "a.js", "app.use(cors({ origin: 'https://a.example', credentials: true }))\n", ""),
    (
        exposure.ORIGINS,
        "a.js",
        (
            "function f(req, res) {\n"
            "  res.setHeader('Access-Control-Allow-Origin', req.headers.origin)\n"
            "  res.setHeader('Access-Control-Allow-Credentials', 'true')\n"
            "}\n"
        ),
        "medium",
    ),
    (
        exposure.ORIGINS,
        "a.go",
        ("package a\nvar c = cors.Config{AllowAllOrigins: true, AllowCredentials: true}\n"),
        "medium",
    ),
    (exposure.ORIGINS, "A.cs", "class A { void F() { b.AllowAnyOrigin().AllowCredentials(); } }\n", "medium"),
    (files.TEMPORARY, "a.py", "import tempfile\np = tempfile.mktemp()\n", "medium"),
    (files.TEMPORARY, "a.py", "import tempfile\np = tempfile.mkstemp()\n", ""),
    (files.TEMPORARY, "a.py", "f = open('/tmp/app.log', 'w')\n", "medium"),
    (files.TEMPORARY, "a.py", "f = open('/tmp/app.log')\n", ""),
    (files.TEMPORARY, "a.c", "void f() { char *p = tmpnam(NULL); }\n", "medium"),
    (files.TEMPORARY, "a.go", 'package a\nfunc f() { os.Create("/tmp/x") }\n', "medium"),
    (files.TEMPORARY, "a.js", "fs.writeFileSync('/tmp/x.json', data)\n", "medium"),
    (files.PERMISSIONS, "a.py", "import os\nos.chmod(p, 0o777)\n", "medium"),
    (files.PERMISSIONS, "a.py", "import os\nos.chmod(p, 0o755)\n", ""),
    (files.PERMISSIONS, "a.js", "fs.chmodSync(p, 0o777)\n", "medium"),
    (files.PERMISSIONS, "a.go", "package a\nfunc f() { os.Chmod(p, 0777) }\n", "medium"),
    (files.PERMISSIONS, "a.go", "package a\nfunc f() { os.MkdirAll(p, 0755) }\n", ""),
    (files.PERMISSIONS, "a.php", "<?php chmod($p, 0777);\n", "medium"),
    (files.PERMISSIONS, "a.rb", "FileUtils.chmod(0777, p)\n", "medium"),
    (files.PERMISSIONS, "a.c", "void f() { chmod(p, 0666); }\n", "medium"),
    (files.PERMISSIONS, "a.rs", "fn f() { fs::set_permissions(p, Permissions::from_mode(0o777)); }\n", "medium"),
    (c_text.RULE, "a.c", "void f(char *s) { char b[9]; strcpy(b, s); }\n", "medium"),
    (c_text.RULE, "a.c", 'void f(char *s) { char b[9]; strcpy(b, "abc"); }\n', ""),
    (c_text.RULE, "a.c", "void f(char *s) { char *b = malloc(strlen(s) + 1); strcpy(b, s); }\n", ""),
    (c_text.RULE, "a.c", 'void f(char *s) { char b[9]; sprintf(b, "%s!", s); }\n', "medium"),
    (c_text.RULE, "a.c", 'void f(int s) { char b[19]; sprintf(b, "%d", s); }\n', ""),
    (c_text.RULE, "a.c", 'void f(char *s) { char b[9]; snprintf(b, sizeof b, "%s", s); }\n', ""),
    (c_text.RULE, "a.c", "void f(void) { char b[9]; gets(b); }\n", "high"),
    (c_text.RULE, "a.c", 'void f(void) { char b[9]; scanf("%s", b); }\n', "high"),
    (c_text.RULE, "a.c", 'void f(void) { char b[9]; scanf("%8s", b); }\n', ""),
    (c_text.RULE, "a.c", "void f(char *s) { printf(s); }\n", "high"),
    (c_text.RULE, "a.c", 'void f(char *s) { printf("%s", s); }\n', ""),
    (c_text.RULE, "a.c", "void f(char *s) { syslog(LOG_ERR, s); }\n", "high"),
    (c_text.RULE, "a.cpp", "void f(char *s) { char b[9]; std::strcat(b, s); }\n", "medium"),
    (c_memory.SIZES, "a.c", "void f(char *s) { char b[9]; strncpy(b, s, strlen(s)); }\n", "medium"),
    (c_memory.SIZES, "a.c", "void f(char *s) { char b[9]; strncat(b, s, sizeof(b)); }\n", "medium"),
    (c_memory.SIZES, "a.c", "void f(char *s) { char b[9]; strncpy(b, s, sizeof(b)); }\n", "medium"),
    (c_memory.SIZES, "a.c", ("void f(char *s) { char b[9]; strncpy(b, s, sizeof(b) - 1); b[8] = 0; }\n"), ""),
    (c_memory.SIZES, "a.c", "void f(char *s) { char b[16]; memcpy(b, s, 64); }\n", "medium"),
    (c_memory.SIZES, "a.c", "void f(struct p *p) { char b[16]; memcpy(b, p->data, p->len); }\n", "medium"),
    (
        c_memory.SIZES,
        "a.c",
        ("void f(struct p *p) { char b[16]; if (p->len > sizeof(b)) return; memcpy(b, p->data, p->len); }\n"),
        "",
    ),
    (c_memory.SIZES, "a.c", "void f(size_t n) { char *b = alloca(n); }\n", "medium"),
    (c_memory.FREED, "a.c", "int f(struct n *n) { free(n); return n->x; }\n", "high"),
    (c_memory.FREED, "a.c", "int f(struct n *n) { free(n); n = NULL; return 0; }\n", ""),
    (c_memory.FREED, "a.c", "void f(char *n) { free(n); free(n); }\n", "high"),
    (c_memory.FREED, "a.c", "void f(char *n) { n = realloc(n, 20); }\n", "medium"),
    (c_memory.FREED, "a.c", "void f(char *n) { char *m = realloc(n, 20); }\n", ""),
    (c_memory.FREED, "a.cpp", "int f(N *n) { delete n; return n->x; }\n", "high"),
    (
        rust_unchecked.RULE,
        "a.rs",
        ("fn f(b: &[u8]) -> &str { unsafe { std::str::from_utf8_unchecked(b) } }\n"),
        "medium",
    ),
    (
        rust_unchecked.RULE,
        "a.rs",
        (
            "fn f(b: &[u8]) -> &str {\n"
            "    // SAFETY: checked to be ASCII.\n"
            "    unsafe { std::str::from_utf8_unchecked(b) }\n"
            "}\n"
        ),
        "",
    ),
    (rust_unchecked.RULE, "a.rs", "fn f(b: u32) -> f32 { unsafe { std::mem::transmute(b) } }\n", "medium"),
    (
        rust_unchecked.RULE,
        "a.rs",
        ("fn f(b: u32) -> f32 { unsafe { std::mem::transmute::<u32, f32>(b) } }\n"),
        "medium",
    ),
    (
        web_defaults.FORGERY,
        "a.py",
        ("from django.views.decorators.csrf import csrf_exempt\n@csrf_exempt\ndef f(request): pass\n"),
        "medium",
    ),
    (web_defaults.FORGERY, "a.rb", "class A\n  skip_before_action :verify_authenticity_token\nend\n", "medium"),
    (web_defaults.FORGERY, "A.java", "class A { void f(HttpSecurity http) { http.csrf().disable(); } }\n", "medium"),
    (
        web_defaults.FORGERY,
        "A.java",
        ("class A { void f(HttpSecurity http) { http.csrf(csrf -> csrf.disable()); } }\n"),
        "medium",
    ),
    (
        web_defaults.FORGERY,
        "A.java",
        ("class A { void f(HttpSecurity http) { http.csrf(AbstractHttpConfigurer::disable); } }\n"),
        "medium",
    ),
    (web_defaults.COOKIES, "a.js", "res.cookie('sid', id, { httpOnly: false })\n", "medium"),
    (web_defaults.COOKIES, "a.py", "response.set_cookie('sid', v, secure=False)\n", "medium"),
    (web_defaults.COOKIES, "A.java", "class A { void f(Cookie cookie) { cookie.setHttpOnly(false); } }\n", "medium"),
    (web_defaults.ASSIGNS, "a.rb", "def f\n  User.create(params[:user])\nend\n", "medium"),
    (web_defaults.ASSIGNS, "a.rb", "def f\n  User.new(params.require(:user).permit!)\nend\n", "medium"),
    (web_defaults.ASSIGNS, "a.rb", "def f\n  User.new(params.require(:user).permit(:name))\nend\n", ""),
    (
        web_defaults.ASSIGNS,
        "a.js",
        ("async function f(req, res) { res.json(await User.findOne(req.body)) }\n"),
        "medium",
    ),
    (web_defaults.ASSIGNS, "a.js", "w.postMessage(data, '*')\n", "medium"),
    (web_defaults.ASSIGNS, "a.php", "<?php User::create($request->all());\n", "medium"),
    (web_defaults.ASSIGNS, "a.js", "app.get('/', (req, res) => { const r = new RegExp(req.query.q); })\n", "medium"),
    (
        c_slips.RULE,
        "a.c",
        ("char *f(const char *s) { char *b = malloc(strlen(s)); strcpy(b, s); return b; }\n"),
        "medium",
    ),
    (
        c_slips.RULE,
        "a.c",
        ("char *f(const char *s) { char *b = malloc(strlen(s) + 1); strcpy(b, s); return b; }\n"),
        "",
    ),
    (c_slips.RULE, "a.c", "void f(struct x *p) { memset(p, 0, sizeof(p)); }\n", "medium"),
    (c_slips.RULE, "a.c", "void f(struct x *p) { memset(p, 0, sizeof(*p)); }\n", ""),
    (c_slips.RULE, "a.c", "char *f(void) { char b[9]; b[0] = 0; return b; }\n", "medium"),
    (c_slips.RULE, "a.c", "char *f(void) { static char b[9]; b[0] = 0; return b; }\n", ""),
    (c_slips.RULE, "a.c", ("int f(void) { int b[9]; for (int i = 0; i <= 9; i++) b[i] = 0; return 0; }\n"), "medium"),
    (c_slips.RULE, "a.c", ("int f(void) { int b[9]; for (int i = 0; i < 9; i++) b[i] = 0; return 0; }\n"), ""),
    (c_slips.RULE, "a.cpp", "void f() { int *x = new int[3]; delete x; }\n", "medium"),
    (c_slips.RULE, "a.cpp", "void f() { int *x = new int[3]; delete[] x; }\n", ""),
    (c_slips.RULE, "a.cpp", "void f() { char b[9]; std::cin >> b; }\n", "medium"),
    (logs.RULE, "a.py", ("def f(user, password):\n    logger.info('login %s %s', user, password)\n"), "medium"),
    (logs.RULE, "a.py", "def f(user, password):\n    logger.info(f'login {user} {password}')\n", "medium"),
    (logs.RULE, "a.py", ("def f(user, password):\n    logger.info('password of %s changed', user)\n"), ""),
    (logs.RULE, "a.py", "def f(user, password):\n    logger.info('login %s', len(password))\n", ""),
    (logs.RULE, "a.js", "function f(user) { console.log('login', user.password) }\n", "medium"),
    (logs.RULE, "a.js", "function f(user) { logger.info(`login ${user.name}`) }\n", ""),
    (logs.RULE, "a.go", 'package a\nfunc f(apiKey string) { log.Printf("key %s", apiKey) }\n', "medium"),
    (logs.RULE, "A.java", ('class A { void f(String password) { log.info("login {}", password); } }\n'), "medium"),
    (
        logs.RULE,
        "A.cs",
        ('class A { void F(string password) { _logger.LogInformation("login {P}", password); } }\n'),
        "medium",
    ),
    (logs.RULE, "a.rb", 'def f(password)\n  Rails.logger.info "login #{password}"\nend\n', "medium"),
    (logs.RULE, "a.php", '<?php function f($password) { error_log("login $password"); }\n', "medium"),
    (logs.RULE, "a.rs", 'fn f(password: &str) { info!("login {}", password); }\n', "medium"),
    (pages.RULE, "templates/a.html", "<p>{{ name|safe }}</p>\n", "medium"),
    (pages.RULE, "templates/a.html", "<p>{{ name }}</p>\n", ""),
    (pages.RULE, "app/views/a.html.erb", "<p><%= raw @name %></p>\n", "medium"),
    (pages.RULE, "app/views/a.html.erb", "<p><%= @name.html_safe %></p>\n", "medium"),
    (pages.RULE, "src/A.vue", '<p v-html="name"></p>\n', "medium"),
    (pages.RULE, "views/a.ejs", "<p><%- name %></p>\n", "medium"),
    (pages.RULE, "views/a.ejs", "<%- include('header') %>\n", ""),
    (pages.RULE, "views/a.blade.php", "<p>{!! $name !!}</p>\n", "medium"),
    (pages.RULE, "views/a.phtml", "<p><?= $_GET['name'] ?></p>\n", "medium"),
    (pages.RULE, "Views/A.cshtml", "<p>@Html.Raw(Model.Name)</p>\n", "medium"),
    (pollution.RULE, "a.js", "_.merge(settings, req.body)\n", "medium"),
    (pollution.RULE, "a.js", "_.merge(settings, defaults)\n", ""),
    (markup.RULE, "a.py", "env = Environment(loader=loader, autoescape=False)\n", "medium"),
    (markup.RULE, "a.js", "$('#list').append('<li>' + item.name + '</li>')\n", "medium"),
    (exposure.DEBUG, "settings.py", "ALLOWED_HOSTS = ['*']\n", "medium"),
    (exposure.DEBUG, "a.php", "<?php phpinfo();\n", "medium"),
    (exposure.LISTENS, "a.py", "HOST = '0.0.0.0'\n", "medium"),
    (exposure.LISTENS, "a.py", "server = HTTPServer(('', 8000), Handler)\n", "medium"),
    (exposure.LISTENS, "a.js", "server.listen({ port: 80, host: '0.0.0.0' })\n", "medium"),
    (exposure.ORIGINS, "a.rs", "fn f() { let c = CorsLayer::very_permissive(); }\n", "medium"),
    (web_defaults.COOKIES, "main.js", "new BrowserWindow({ webPreferences: { nodeIntegration: true } })\n", "medium"),
    (web_defaults.ASSIGNS, "a.js", "window.addEventListener('message', (e) => { run(e.data) })\n", "medium"),
    (
        web_defaults.ASSIGNS,
        "a.js",
        ("window.addEventListener('message', (e) => { if (e.origin === ORIGIN) run(e.data) })\n"),
        "",
    ),
    (web_defaults.ASSIGNS, "a.php", "<?php extract($_POST);\n", "medium"),
    (files.PERMISSIONS, "a.py", "import os\nos.umask(0)\n", "medium"),
    (c_memory.SIZES, "a.c", ("void f(struct p *p, const char *s) { strncpy(p->name, s, strlen(s)); }\n"), "medium"),
    (c_memory.SIZES, "a.c", "void f(const char *s) { char a[4], b[9]; strncpy(a, b, sizeof(b)); }\n", "medium"),
    (
        paths.RULE,
        "a.php",
        ("<?php move_uploaded_file($_FILES['f']['tmp_name'], 'up/' . $_FILES['f']['name']);\n"),
        "high",
    ),
    (paths.RULE, "a.php", ("<?php move_uploaded_file($_FILES['f']['tmp_name'], 'up/' . uniqid() . '.png');\n"), ""),
    (paths.RULE, "a.js", "const f = (req, res) => res.sendFile(req.params.name, { root: DIR })\n", ""),
    (
        paths.RULE,
        "a.py",
        ("class A(RequestHandler):\n    def get(self, name):\n        self.write(open('files/' + name).read())\n"),
        "high",
    ),
    (
        paths.RULE,
        "a.ts",
        ("const f = (req, res) => {\n  const { name } = req.query\n  fs.readFileSync(path.join(DIR, name))\n}\n"),
        "high",
    ),
    (swallowed.RULE, "a.py", "try:\n    f()\nexcept Exception:\n    pass\n", "low"),
    (swallowed.RULE, "a.js", "try { f() } catch (e) {}\n", "low"),
    (swallowed.RULE, "A.java", "class A { void f() { try { g(); } catch (Exception e) { } } }\n", "low"),
    (swallowed.RULE, "A.java", "class A { void f() { try { g(); } catch (IOException e) { } } }\n", ""),
]


@pytest.mark.parametrize(("rule", "path", "text", "severity"), ROWS)
def test_rows(rule: Rule, path: str, text: str, severity: str) -> None:
    """What each language writes is found with its severity, and what is right is left alone."""
    assert severities(rule, path, text) == ([severity] if severity else [])


@pytest.mark.parametrize("rule", {row[0].id: row[0] for row in ROWS}.values(), ids=lambda rule: rule.id)
def test_examples(rule: Rule) -> None:
    """A rule fires on its bad example and not on the good one."""
    assert example_findings(rule.bad, [rule])
    assert not example_findings(rule.good, [rule])
