"""Whole little files with one thing wrong each, as reviews meet them: something is found at medium or above."""

from __future__ import annotations

import pytest

from localdev.core.review import at_least
from tests.rules.changing import findings

FILES: list[tuple[str, str]] = [
    (
        "lib/session.py",
        (
            "import string\n"
            "import random\n"
            "\n"
            "\n"
            "class SessionStore:\n"
            "    def create(self, user):\n"
            "        alphabet = string.ascii_letters + string.digits\n"
            "        sid = ''.join(random.choices(alphabet, k=32))\n"
            "        self._sessions[sid] = user\n"
            "        return sid\n"
        ),
    ),
    (
        "lib/auth.py",
        (
            "import hashlib\n"
            "\n"
            "\n"
            "def verify(stored, candidate):\n"
            "    digest = hashlib.sha1()\n"
            "    digest.update(candidate.encode())\n"
            "    return digest.hexdigest() == stored\n"
        ),
    ),
    (
        "lib/down.py",
        (
            "from pathlib import Path\n"
            "from fastapi import APIRouter\n"
            "from fastapi.responses import FileResponse\n"
            "router = APIRouter()\n"
            "BASE = Path('/srv')\n"
            "\n"
            "@router.get('/download/{name:path}')\n"
            "async def download(name: str):\n"
            "    target = BASE / name\n"
            "    return FileResponse(target)\n"
        ),
    ),
    (
        "lib/static.py",
        (
            "import os\n"
            "\n"
            "class StaticFiles:\n"
            "    def __init__(self, directory):\n"
            "        self.directory = directory\n"
            "    def lookup_path(self, path):\n"
            "        full = os.path.join(self.directory, path)\n"
            "        return full, os.stat(full)\n"
        ),
    ),
    (
        "lib/http.py",
        (
            "import urllib.request, ssl\n"
            "def fetch(url):\n"
            "    context = ssl.create_default_context()\n"
            "    context.check_hostname = False\n"
            "    context.verify_mode = ssl.CERT_NONE\n"
            "    return urllib.request.urlopen(url, context=context)\n"
        ),
    ),
    (
        "lib/aio.py",
        (
            "import aiohttp\n"
            "async def fetch(url):\n"
            "    conn = aiohttp.TCPConnector(ssl=False)\n"
            "    async with aiohttp.ClientSession(connector=conn) as s:\n"
            "        pass\n"
        ),
    ),
    (
        "lib/views.py",
        (
            "from django.http import HttpResponse\n"
            "def greet(request):\n"
            "    name = request.GET.get('name', '')\n"
            "    return HttpResponse('<h1>Hello %s</h1>' % name)\n"
        ),
    ),
    (
        "lib/tmp.py",
        (
            "import os, tempfile\n"
            "def dump(data):\n"
            "    path = os.path.join(tempfile.gettempdir(), 'report-%d.csv' % os.getpid())\n"
            "    with open(path, 'w') as fh:\n"
            "        fh.write(data)\n"
        ),
    ),
    (
        "lib/unpack.py",
        (
            "import tarfile\n"
            "def install(archive, dest):\n"
            "    tar = tarfile.open(archive, 'r:gz')\n"
            "    for member in tar.getmembers():\n"
            "        tar.extract(member, dest)\n"
        ),
    ),
    (
        "lib/zipx.py",
        (
            "import zipfile\n"
            "from pathlib import Path\n"
            "def unpack(data, dest):\n"
            "    with zipfile.ZipFile(data) as zf:\n"
            "        for name in zf.namelist():\n"
            "            target = Path(dest) / name\n"
            "            target.write_bytes(zf.read(name))\n"
        ),
    ),
    (
        "lib/jwt_auth.py",
        (
            "import jwt as pyjwt\n"
            "def current_user(token):\n"
            "    claims = pyjwt.decode(\n"
            "        token,\n"
            "        SECRET,\n"
            "        algorithms=['HS256'],\n"
            "        options={'verify_signature': False, 'verify_exp': False},\n"
            "    )\n"
            "    return claims['sub']\n"
        ),
    ),
    ("lib/srv.py", ("def main():\n    server = WSGIServer(('0.0.0.0', 8000), app)\n    server.serve_forever()\n")),
    (
        "lib/cmp.py",
        (
            "import hmac, hashlib\n"
            "def valid(body, header):\n"
            "    mac = hmac.new(KEY, body, hashlib.sha256).hexdigest()\n"
            "    return header == 'sha256=' + mac\n"
        ),
    ),
    (
        "lib/x.js",
        (
            "const http = require('http')\n"
            "const fs = require('fs')\n"
            "const path = require('path')\n"
            "http.createServer((req, res) => {\n"
            "  const filePath = path.join(__dirname, 'public', decodeURIComponent(req.url))\n"
            "  fs.createReadStream(filePath).pipe(res)\n"
            "}).listen(8080)\n"
        ),
    ),
    (
        "lib/y.js",
        (
            "function render(list, items) {\n"
            "  items.forEach(item => {\n"
            "    const li = document.createElement('li')\n"
            "    li.innerHTML = `<b>${item.title}</b>`\n"
            "    list.appendChild(li)\n"
            "  })\n"
            "}\n"
        ),
    ),
    (
        "lib/z.ts",
        (
            "export function makeId(): string {\n"
            "  return Math.random().toString(36).substring(2)\n"
            "}\n"
            "export class TokenService {\n"
            "  issue(user: User) {\n"
            "    const value = Math.random().toString(36).substring(2)\n"
            "    return { user, value }\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "lib/t.ts",
        (
            "import https from 'node:https'\n"
            "export const agent = new https.Agent({\n"
            "  keepAlive: true,\n"
            "  rejectUnauthorized: false,\n"
            "})\n"
        ),
    ),
    (
        "lib/hash.ts",
        (
            "import { createHash } from 'crypto'\n"
            "export const hashPassword = (p: string) => createHash('sha1').update(p).digest('hex')\n"
        ),
    ),
    (
        "lib/md.jsx",
        (
            "export default function Comment({ body }) {\n"
            "  const html = marked(body)\n"
            "  return (\n"
            "    <div\n"
            "      className='c'\n"
            "      dangerouslySetInnerHTML={{ __html: html }}\n"
            "    />\n"
            "  )\n"
            "}\n"
        ),
    ),
    (
        "lib/redir.js",
        (
            "router.get('/login/callback', async (req, res) => {\n"
            "  const { returnTo } = req.query\n"
            "  res.redirect(returnTo || '/')\n"
            "})\n"
        ),
    ),
    (
        "lib/merge.js",
        (
            "function deepMerge(dst, src) {\n"
            "  Object.keys(src).forEach((key) => {\n"
            "    if (src[key] && typeof src[key] === 'object') {\n"
            "      dst[key] = deepMerge(dst[key] || {}, src[key])\n"
            "    } else {\n"
            "      dst[key] = src[key]\n"
            "    }\n"
            "  })\n"
            "  return dst\n"
            "}\n"
        ),
    ),
    ("lib/cookie.js", ("res.cookie('session', token, {\n  httpOnly: false,\n  secure: true\n})\n")),
    (
        "srv/file.go",
        (
            "package srv\n"
            "import (\n"
            '\t"net/http"\n'
            '\t"os"\n'
            '\t"path/filepath"\n'
            ")\n"
            "func (s *Server) serve(w http.ResponseWriter, r *http.Request) {\n"
            '\tname := r.URL.Query().Get("file")\n'
            "\tf, err := os.Open(filepath.Join(s.root, name))\n"
            "\t_ = f\n"
            "\t_ = err\n"
            "}\n"
        ),
    ),
    (
        "srv/tls.go",
        (
            "package srv\n"
            'import "crypto/tls"\n'
            "func client() *http.Client {\n"
            "\ttr := &http.Transport{\n"
            "\t\tTLSClientConfig: &tls.Config{\n"
            "\t\t\tInsecureSkipVerify: true,\n"
            "\t\t},\n"
            "\t}\n"
            "\treturn &http.Client{Transport: tr}\n"
            "}\n"
        ),
    ),
    (
        "srv/tok.go",
        (
            "package srv\n"
            'import "math/rand"\n'
            "func generateToken(n int) string {\n"
            "\tb := make([]byte, n)\n"
            "\tfor i := range b {\n"
            "\t\tb[i] = letters[rand.Intn(len(letters))]\n"
            "\t}\n"
            "\treturn string(b)\n"
            "}\n"
        ),
    ),
    (
        "srv/untar.go",
        (
            "package srv\n"
            'import "archive/tar"\n'
            "func untar(tr *tar.Reader, dst string) error {\n"
            "\tfor {\n"
            "\t\thdr, err := tr.Next()\n"
            "\t\tif err != nil {\n"
            "\t\t\treturn err\n"
            "\t\t}\n"
            "\t\ttarget := filepath.Join(dst, hdr.Name)\n"
            "\t\tos.MkdirAll(target, 0755)\n"
            "\t}\n"
            "}\n"
        ),
    ),
    (
        "srv/tmpl.go",
        (
            "package srv\n"
            'import "text/template"\n'
            "func page(w http.ResponseWriter, r *http.Request) {\n"
            '\tt := template.Must(template.New("x").Parse(tpl))\n'
            '\tt.Execute(w, r.URL.Query().Get("q"))\n'
            "}\n"
        ),
    ),
    (
        "srv/cors.go",
        (
            "package srv\n"
            "func cors(w http.ResponseWriter, r *http.Request) {\n"
            '\tw.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))\n'
            '\tw.Header().Set("Access-Control-Allow-Credentials", "true")\n'
            "}\n"
        ),
    ),
    (
        "src/Down.java",
        (
            "public class Down extends HttpServlet {\n"
            "  protected void doGet(HttpServletRequest req, HttpServletResponse resp) throws IOException {\n"
            '    String name = req.getParameter("name");\n'
            "    Path file = Paths.get(BASE, name);\n"
            "    Files.copy(file, resp.getOutputStream());\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Crypt.java",
        (
            "public class Crypt {\n"
            "  byte[] enc(byte[] d, SecretKey k) throws Exception {\n"
            '    Cipher c = Cipher.getInstance("AES/CBC/PKCS5Padding");\n'
            '    c.init(Cipher.ENCRYPT_MODE, k, new IvParameterSpec("0123456789abcdef".getBytes()));\n'
            "    return c.doFinal(d);\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Trust.java",
        (
            "class Trust {\n"
            "  static TrustManager[] all() {\n"
            "    return new TrustManager[] { new X509TrustManager() {\n"
            "      public X509Certificate[] getAcceptedIssuers() { return null; }\n"
            "      public void checkClientTrusted(X509Certificate[] c, String t) { }\n"
            "      public void checkServerTrusted(X509Certificate[] c, String t) { }\n"
            "    } };\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Tok.java",
        (
            "class Tok {\n"
            "  private final Random random = new Random();\n"
            "  String nextSessionId() {\n"
            "    return Long.toHexString(random.nextLong());\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Up.cs",
        (
            "public class UploadController : Controller {\n"
            "  [HttpPost]\n"
            "  public async Task<IActionResult> Upload(IFormFile file) {\n"
            "    var path = Path.Combine(_root, file.FileName);\n"
            "    using var s = System.IO.File.Create(path);\n"
            "    return Ok();\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Reset.cs",
        (
            "public class Reset {\n"
            "  public string GenerateResetToken() {\n"
            "    var random = new Random();\n"
            "    return new string(Enumerable.Repeat(Chars, 20).Select(s => "
            "s[random.Next(s.Length)]).ToArray());\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "src/Aes.cs",
        ("class E { void F() { using (var aes = Aes.Create()) { aes.Key = key; aes.IV = new byte[16]; } } }\n"),
    ),
    (
        "app/controllers/files_controller.rb",
        (
            "class FilesController < ApplicationController\n"
            "  def show\n"
            "    path = Rails.root.join('uploads', params[:name])\n"
            "    send_file path\n"
            "  end\n"
            "end\n"
        ),
    ),
    ("app/helpers/h.rb", ('module H\n  def badge(user)\n    "<span>#{user.name}</span>".html_safe\n  end\nend\n')),
    (
        "lib/c.rb",
        (
            "require 'net/http'\n"
            "def get(uri)\n"
            "  http = Net::HTTP.new(uri.host, uri.port)\n"
            "  http.use_ssl = true\n"
            "  http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n"
            "  http\n"
            "end\n"
        ),
    ),
    ("lib/r.rb", ("def generate_password(n)\n  chars = [*'a'..'z']\n  Array.new(n) { chars.sample }.join\nend\n")),
    (
        "src/up.php",
        (
            "<?php\n"
            "class Upload {\n"
            "  public function store(array $file): string {\n"
            "    $target = $this->dir . '/' . $file['name'];\n"
            "    move_uploaded_file($file['tmp_name'], $target);\n"
            "    return $target;\n"
            "  }\n"
            "}\n"
        ),
    ),
    ("src/page.php", ("<?php\n$q = $_GET['q'] ?? '';\n?>\n<h1>Results for <?= $q ?></h1>\n")),
    (
        "src/tok.php",
        (
            "<?php\n"
            "function createResetToken($user) {\n"
            "    $token = md5(uniqid($user->email, true));\n"
            "    return $token;\n"
            "}\n"
        ),
    ),
    (
        "src/curl.php",
        (
            "<?php\n"
            "$ch = curl_init($url);\n"
            "curl_setopt_array($ch, [\n"
            "    CURLOPT_RETURNTRANSFER => true,\n"
            "    CURLOPT_SSL_VERIFYPEER => false,\n"
            "    CURLOPT_SSL_VERIFYHOST => 0,\n"
            "]);\n"
        ),
    ),
    (
        "src/cmp.php",
        (
            "<?php\n"
            "function check($payload, $signature) {\n"
            "    $expected = hash_hmac('sha256', $payload, SECRET);\n"
            "    return $expected == $signature;\n"
            "}\n"
        ),
    ),
    (
        "src/a.c",
        (
            "#include <string.h>\n"
            "struct conn { char host[64]; int port; };\n"
            "int set_host(struct conn *c, const char *host) {\n"
            "    strcpy(c->host, host);\n"
            "    return 0;\n"
            "}\n"
        ),
    ),
    (
        "src/b.c",
        (
            "int parse(const unsigned char *pkt, size_t n) {\n"
            "    unsigned char name[32];\n"
            "    unsigned int len = pkt[0];\n"
            "    memcpy(name, pkt + 1, len);\n"
            "    return name[0];\n"
            "}\n"
        ),
    ),
    ("src/c.c", ("void log_line(FILE *out, const char *msg) {\n    fprintf(out, msg);\n}\n")),
    (
        "src/d.c",
        (
            "static void destroy(struct list *l) {\n"
            "    struct node *n = l->head;\n"
            "    while (n) {\n"
            "        free(n);\n"
            "        n = n->next;\n"
            "    }\n"
            "}\n"
        ),
    ),
    (
        "src/e.c",
        (
            "char *dup(const char *s) {\n"
            "    size_t n = strlen(s);\n"
            "    char *p = malloc(n);\n"
            "    memcpy(p, s, n + 1);\n"
            "    return p;\n"
            "}\n"
        ),
    ),
    (
        "src/f.cpp",
        (
            "std::string greet(const char* name) {\n"
            "  char buf[64];\n"
            '  std::sprintf(buf, "Hello, %s!", name);\n'
            "  return buf;\n"
            "}\n"
        ),
    ),
    ("src/g.cpp", ("void use(Widget* w) {\n  delete w;\n  w->draw();\n}\n")),
    (
        "src/h.rs",
        (
            "use std::fs;\n"
            "use axum::extract::Query;\n"
            "async fn get(Query(q): Query<Params>) -> String {\n"
            '    let path = format!("data/{}", q.name);\n'
            "    fs::read_to_string(path).unwrap()\n"
            "}\n"
        ),
    ),
    ("src/i.rs", ("pub fn first(v: &[u8], i: usize) -> u8 {\n    unsafe { *v.get_unchecked(i) }\n}\n")),
    (
        "src/j.rs",
        (
            "fn client() -> reqwest::Client {\n"
            "    reqwest::Client::builder()\n"
            "        .timeout(T)\n"
            "        .danger_accept_invalid_certs(true)\n"
            "        .build()\n"
            "        .unwrap()\n"
            "}\n"
        ),
    ),
    (
        "src/k.rs",
        (
            "use rand::{rngs::SmallRng, Rng, SeedableRng};\n"
            "fn api_key() -> String {\n"
            "    let mut rng = SmallRng::seed_from_u64(42);\n"
            "    rng.gen::<u64>().to_string()\n"
            "}\n"
        ),
    ),
    (
        "src/l.rs",
        (
            "use std::os::unix::fs::PermissionsExt;\n"
            "fn f(p: &Path) { fs::set_permissions(p, fs::Permissions::from_mode(0o777)).unwrap(); }\n"
        ),
    ),
    (
        "lib/ssrf.py",
        (
            "import httpx\n"
            "@app.post('/webhook')\n"
            "async def hook(payload: dict):\n"
            "    async with httpx.AsyncClient() as client:\n"
            "        r = await client.get(payload['callback_url'])\n"
        ),
    ),
    (
        "lib/open.py",
        (
            "def login(request):\n"
            "    next_url = request.GET.get('next', '/')\n"
            "    return HttpResponseRedirect(next_url)\n"
        ),
    ),
    (
        "lib/dbg.ts",
        (
            "export async function load(id: string) {\n"
            "  const user = await api.get(id)\n"
            "  console.log('user:', user)\n"
            "  return user\n"
            "}\n"
        ),
    ),
    (
        "lib/dbg.go",
        (
            "package a\n"
            'import "fmt"\n'
            "func (s *S) load(id string) error {\n"
            '\tfmt.Printf("DEBUG load %s\\n", id)\n'
            "\treturn nil\n"
            "}\n"
        ),
    ),
    (
        "lib/Dbg.java",
        ('class Dbg {\n  int sum(List<Integer> xs) {\n    System.out.println("xs = " + xs);\n    return 0;\n  }\n}\n'),
    ),
    ("lib/dbg.rb", ("def total(items)\n  puts items.inspect\n  items.sum\nend\n")),
    ("src/dbg.php", ("<?php\nclass A { function f($x) { print_r($x); return $x; } }\n")),
    ("src/dbg.c", ('int f(int x) {\n    fprintf(stderr, "here x=%d\\n", x);\n    return x;\n}\n')),
    ("src/Dbg.cs", ('class Dbg { int F(int x) { Console.WriteLine($"x: {x}"); return x; } }\n')),
    ("src/dbg.rs", ('fn f(x: &Foo) -> u8 {\n    eprintln!("DEBUG: {:?}", x);\n    x.y\n}\n')),
    ("src/dbg.cpp", ('int f(int x) {\n  std::cout << "x = " << x << std::endl;\n  return x;\n}\n')),
    (
        "lib/a.py",
        (
            "import os\n"
            "\n"
            "def save_upload(upload, folder):\n"
            "    dest = os.path.join(folder, upload.filename)\n"
            "    with open(dest, 'wb') as fh:\n"
            "        fh.write(upload.read())\n"
        ),
    ),
    ("lib/b.py", ("import requests\nsession = requests.Session()\nsession.verify = False\n")),
    (
        "lib/c.py",
        (
            "from OpenSSL import SSL\n"
            "ctx = SSL.Context(SSL.TLSv1_METHOD)\n"
            "ctx.set_verify(SSL.VERIFY_NONE, lambda *a: True)\n"
        ),
    ),
    (
        "lib/d.py",
        (
            "import uuid, hashlib\n"
            "def new_token(user):\n"
            "    return hashlib.md5(str(uuid.uuid1()).encode()).hexdigest()\n"
        ),
    ),
    (
        "lib/e.py",
        (
            "from flask import Flask, request\n"
            "app = Flask(__name__)\n"
            "@app.route('/x')\n"
            "def x():\n"
            "    return '<p>' + request.args.get('q') + '</p>'\n"
        ),
    ),
    ("lib/f.py", ("class Api:\n    def __init__(self):\n        self.app.config['DEBUG'] = True\n")),
    (
        "lib/h.py",
        ("def check(request):\n    if request.headers.get('X-Api-Key') == settings.API_KEY:\n        return True\n"),
    ),
    (
        "lib/i.py",
        (
            "import logging\n"
            "log = logging.getLogger()\n"
            "def auth(username, password):\n"
            "    log.debug('authenticating %s / %s', username, password)\n"
        ),
    ),
    ("lib/j.py", ("from Crypto.PublicKey import RSA\nkey = RSA.generate(1024)\n")),
    ("lib/k.py", ("import os\nfd = os.open('/tmp/myapp.lock', os.O_CREAT | os.O_WRONLY, 0o666)\n")),
    (
        "lib/l.py",
        ("import hashlib\ndef hash_password(pw, salt):\n    return hashlib.pbkdf2_hmac('sha256', pw, salt, 1000)\n"),
    ),
    ("lib/m.py", ("import re\ndef search(request):\n    pattern = re.compile(request.GET['q'])\n    return pattern\n")),
    (
        "lib/n.py",
        (
            "from http.server import HTTPServer, SimpleHTTPRequestHandler\n"
            "HTTPServer(('0.0.0.0', 8000), SimpleHTTPRequestHandler).serve_forever()\n"
        ),
    ),
    (
        "lib/o.py",
        (
            "from starlette.middleware.cors import CORSMiddleware\n"
            "app.add_middleware(\n"
            "    CORSMiddleware,\n"
            "    allow_origins=['*'],\n"
            "    allow_credentials=True,\n"
            "    allow_methods=['*'],\n"
            ")\n"
        ),
    ),
    ("lib/p.py", ("import smtplib, ssl\ns = smtplib.SMTP_SSL(host, context=ssl._create_unverified_context())\n")),
    ("lib/q.py", ("import yaml, shutil\ndef f(archive, out):\n    shutil.unpack_archive(archive, out)\n")),
    (
        "lib/a.js",
        (
            "const express = require('express')\n"
            "const app = express()\n"
            "app.get('/dl', (req, res) => {\n"
            "  res.download('./files/' + req.query.f)\n"
            "})\n"
        ),
    ),
    ("lib/b.js", ("export function show(msg) {\n  document.querySelector('#m').outerHTML = '<p>' + msg + '</p>'\n}\n")),
    (
        "lib/c.js",
        (
            "const nodemailer = require('nodemailer')\n"
            "const t = nodemailer.createTransport({\n"
            "  host: 'x',\n"
            "  tls: { rejectUnauthorized: false }\n"
            "})\n"
        ),
    ),
    ("lib/d.js", ("const token = jwt.sign({ id }, '', { algorithm: 'none' })\n")),
    ("lib/e.js", ("app.use(session({ secret: s, cookie: { secure: false, httpOnly: false } }))\n")),
    (
        "lib/f.js",
        (
            "async function proxy(req, res) {\n"
            "  const target = req.query.url\n"
            "  const r = await fetch(target)\n"
            "  res.send(await r.text())\n"
            "}\n"
        ),
    ),
    ("lib/h.js", ("const otp = Math.floor(100000 + Math.random() * 900000)\n")),
    ("lib/i.js", ("if (password === user.password) login()\n")),
    ("lib/j.js", ("const cipher = crypto.createCipher('aes192', password)\n")),
    ("lib/k.ts", ("const key = crypto.pbkdf2Sync(password, salt, 100, 32, 'sha1')\n")),
    (
        "lib/l.ts",
        (
            "@Get('file')\n"
            "export class C {\n"
            "  @Get(':name')\n"
            "  file(@Param('name') name: string, @Res() res: Response) {\n"
            "    return res.sendFile(join(process.cwd(), 'files', name))\n"
            "  }\n"
            "}\n"
        ),
    ),
    (
        "lib/m.tsx",
        (
            "export const V = (p: P) => <iframe srcDoc={p.html} sandbox='' />\n"
            "export const W = (p: P) => { ref.current.innerHTML = p.html; return null }\n"
        ),
    ),
    ("lib/n.ts", ("fs.chmodSync(target, '777')\n")),
    (
        "lib/o.ts",
        (
            "constructor(private s: DomSanitizer) {}\n"
            "get h() { return this.s.bypassSecurityTrustHtml(this.comment.body) }\n"
        ),
    ),
    (
        "a/a.go",
        (
            "package a\n"
            'import ("crypto/sha1"; "encoding/hex")\n'
            "func HashPassword(pw string) string {\n"
            "\th := sha1.New()\n"
            "\th.Write([]byte(pw))\n"
            "\treturn hex.EncodeToString(h.Sum(nil))\n"
            "}\n"
        ),
    ),
    (
        "a/b.go",
        ('package a\nfunc (h *H) get(c *gin.Context) {\n\tname := c.Param("name")\n\tc.File("./uploads/" + name)\n}\n'),
    ),
    (
        "a/c.go",
        (
            "package a\n"
            "func h(w http.ResponseWriter, r *http.Request) {\n"
            '\tw.Write([]byte("<h1>" + r.URL.Query().Get("q") + "</h1>"))\n'
            "}\n"
        ),
    ),
    ("a/d.go", ('package a\nfunc f(data []byte) error { return os.WriteFile("/tmp/state.json", data, 0777) }\n')),
    (
        "a/e.go",
        ('package a\nfunc ok(r *http.Request) bool { return r.Header.Get("X-Token") == os.Getenv("API_TOKEN") }\n'),
    ),
    (
        "a/f.go",
        (
            "package a\n"
            'import "net/http"\n'
            "func proxy(w http.ResponseWriter, r *http.Request) {\n"
            '\tu := r.FormValue("url")\n'
            "\tresp, err := http.Get(u)\n"
            "}\n"
        ),
    ),
    ("a/g.go", ('package a\nfunc f() { ln, _ := net.Listen("tcp", "0.0.0.0:6060") }\n')),
    (
        "a/h.go",
        (
            "package a\n"
            "func f(t string) { token, _ := jwt.Parse(t, func(token *jwt.Token) (interface{}, error) { "
            "return jwt.UnsafeAllowNoneSignatureType, nil }) }\n"
        ),
    ),
    (
        "s/A.java",
        (
            "class A { String hash(String password) throws Exception { MessageDigest md = "
            'MessageDigest.getInstance("MD5"); return hex(md.digest(password.getBytes())); } }\n'
        ),
    ),
    (
        "s/B.java",
        (
            'class B { void f(HttpServletResponse r, Cookie c) { Cookie sid = new Cookie("sid", v); '
            "sid.setSecure(false); r.addCookie(sid); } }\n"
        ),
    ),
    (
        "s/C.java",
        (
            '@RestController class C { @GetMapping("/go") public void go(@RequestParam String url, '
            "HttpServletResponse r) throws IOException { r.sendRedirect(url); } }\n"
        ),
    ),
    ("s/D.java", ('class D { SSLContext f() { SSLContext c = SSLContext.getInstance("SSLv3"); return c; } }\n')),
    ("s/E.java", ("class E { boolean ok(String given) { return given.equals(apiKey); } }\n")),
    (
        "s/F.java",
        (
            'class F { KeyPair f() { KeyPairGenerator g = KeyPairGenerator.getInstance("RSA"); '
            "g.initialize(1024); return g.generateKeyPair(); } }\n"
        ),
    ),
    (
        "s/G.java",
        ('class G { void f(String u, String password) { logger.info("user " + u + " password " + password); } }\n'),
    ),
    (
        "s/A.cs",
        (
            "class A { string F(string pw) { using (var sha = SHA1.Create()) { return "
            "Convert.ToBase64String(sha.ComputeHash(Encoding.UTF8.GetBytes(pw))); } } }\n"
        ),
    ),
    (
        "s/B.cs",
        (
            "public class HomeController : Controller { public IActionResult Go(string url) { return "
            "Redirect(url); } }\n"
        ),
    ),
    (
        "s/C.cs",
        (
            "class C { void F() { var c = new CookieOptions { HttpOnly = false, Secure = false }; "
            'Response.Cookies.Append("sid", v, c); } }\n'
        ),
    ),
    (
        "s/D.cs",
        (
            "class D { void F() { foreach (ZipArchiveEntry entry in archive.Entries) { var p = "
            "Path.Combine(dest, entry.FullName); entry.ExtractToFile(p); } } }\n"
        ),
    ),
    (
        "s/E.cs",
        (
            "class E { void F() { var h = new HttpClientHandler { "
            "ServerCertificateCustomValidationCallback = (a, b, c, d) => true }; } }\n"
        ),
    ),
    (
        "s/F.cs",
        (
            "public class F : ControllerBase { [HttpGet] public IActionResult Get(string name) { "
            'return File(System.IO.File.ReadAllBytes(Path.Combine("files", name)), "x"); } }\n'
        ),
    ),
    ("s/a.php", ("<?php\n$file = $_GET['page'];\nreadfile('pages/' . $file);\n")),
    ("s/b.php", ("<?php\nheader('Location: ' . $_REQUEST['to']);\nexit;\n")),
    ("s/c.php", ("<?php\n$iv = '1234567890123456';\n$c = openssl_encrypt($d, 'aes-256-cbc', $k, 0, $iv);\n")),
    ("s/d.php", ('<?php\nfunction show($r) { echo "<td>" . $_POST[\'name\'] . "</td>"; }\n')),
    ("s/e.php", ("<?php\nif ($_POST['password'] == $row['password']) { login(); }\n")),
    (
        "s/a.rb",
        (
            "class SessionsController < ApplicationController\n"
            "  skip_before_action :verify_authenticity_token\n"
            "  def create\n"
            "    redirect_to params[:return_to]\n"
            "  end\n"
            "end\n"
        ),
    ),
    ("s/b.rb", ("def token\n  Digest::SHA1.hexdigest(Time.now.to_s)\nend\n")),
    ("s/c.rb", ("File.open('/tmp/out.log', 'w') { |f| f.write data }\n")),
    ("s/d.rb", ("def valid?(sig)\n  sig == OpenSSL::HMAC.hexdigest('SHA256', secret, body)\nend\n")),
    ("s/e.rb", ("cookies[:token] = { value: t, httponly: false }\n")),
    ("s/f.rb", ("config.consider_all_requests_local = true\n")),
    (
        "s/a.c",
        ('int main(int argc, char **argv) {\n  char buf[64];\n  sprintf(buf, "/home/%s", argv[1]);\n  return 0;\n}\n'),
    ),
    (
        "s/b.c",
        (
            "int rd(int fd) {\n"
            "  char line[128];\n"
            "  int n = read(fd, line, sizeof(line));\n"
            "  line[n] = '\\0';\n"
            "  return n;\n"
            "}\n"
        ),
    ),
    ("s/c.c", ("void f(char *dst, const char *src) {\n  strcat(dst, src);\n}\n")),
    ("s/d.c", ('void f(FILE *fp) {\n  char word[20];\n  fscanf(fp, "%s", word);\n}\n')),
    (
        "s/e.c",
        (
            "int f(const char *p) {\n"
            "  if (access(p, W_OK) == 0) {\n"
            '    FILE *f = fopen(p, "w");\n'
            "    fclose(f);\n"
            "  }\n"
            "  return 0;\n"
            "}\n"
        ),
    ),
    ("s/f.c", ("buf_t *grow(buf_t *b, size_t n) {\n  b->data = realloc(b->data, n);\n  return b;\n}\n")),
    ("s/g.c", ('void f(void) {\n  char name[L_tmpnam];\n  tmpnam(name);\n  fopen(name, "w");\n}\n')),
    ("s/h.c", ('int f(SSL_CTX *ctx) {\n  SSL_CTX_set_cipher_list(ctx, "ALL:NULL:RC4");\n  return 0;\n}\n')),
    (
        "s/i.c",
        ('const char *name(int id) {\n  char buf[32];\n  snprintf(buf, sizeof(buf), "id-%d", id);\n  return buf;\n}\n'),
    ),
    (
        "s/a.cpp",
        (
            "std::string token() {\n"
            "  std::string s;\n"
            "  for (int i = 0; i < 16; i++) s += chars[rand() % 62];\n"
            "  return s;\n"
            "}\n"
        ),
    ),
    ("s/b.cpp", ("void f(const std::string& s) {\n  char b[16];\n  memcpy(b, s.data(), s.size());\n}\n")),
    ("s/c.cpp", ("const char* f() {\n  std::string s = make();\n  return s.c_str();\n}\n")),
    (
        "s/a.rs",
        (
            "fn f(len: usize) -> Vec<u8> {\n"
            "    let mut v = Vec::with_capacity(len);\n"
            "    unsafe { v.set_len(len); }\n"
            "    v\n"
            "}\n"
        ),
    ),
    (
        "s/b.rs",
        (
            "fn f() -> TlsConnector {\n"
            "    let mut b = SslConnector::builder(SslMethod::tls()).unwrap();\n"
            "    b.set_verify(SslVerifyMode::NONE);\n"
            "    b.build()\n"
            "}\n"
        ),
    ),
    (
        "s/c.rs",
        (
            "use md5::{Digest, Md5};\n"
            "fn hash_password(p: &str) -> Vec<u8> {\n"
            "    let mut h = Md5::new();\n"
            "    h.update(p);\n"
            "    h.finalize().to_vec()\n"
            "}\n"
        ),
    ),
    (
        "s/d.rs",
        ("fn check(provided_token: &str, expected_token: &str) -> bool {\n    provided_token == expected_token\n}\n"),
    ),
    (
        "s/e.rs",
        (
            "#[tokio::main]\n"
            "async fn main() {\n"
            '    let l = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();\n'
            "}\n"
        ),
    ),
    (
        "s/f.rs",
        (
            '#[get("/f/{name}")]\n'
            "async fn get(name: web::Path<String>) -> impl Responder {\n"
            '    std::fs::read_to_string(format!("./data/{}", name))\n'
            "}\n"
        ),
    ),
]


@pytest.mark.parametrize(("path", "text"), FILES)
def test_something_is_found(path: str, text: str) -> None:
    """Whatever the form, a reviewer would stop here, and so do the rules."""
    assert any(at_least(each.severity, "medium") for each in findings({path: ""}, {path: text}))
