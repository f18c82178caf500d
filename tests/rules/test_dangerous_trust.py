"""Certificates, hashes, ciphers, random numbers, tokens and comparisons: what is trusted, and why not."""

from __future__ import annotations

import pytest

from localdev.rules.dangerous import comparisons, tls, tokens, weak_cipher, weak_hash, weak_random
from localdev.rules.rule import Rule
from tests.rules.changing import example_findings
from tests.rules.rows import severities

ROWS: list[tuple[Rule, str, str, str]] = [
    (tls.RULE, "a.py", "import requests\nrequests.get(url, verify=False)\n", "high"),
    (tls.RULE, "a.py", ("import requests\nrequests.get(\n    url,\n    timeout=3,\n    verify=False,\n)\n"), "high"),
    (tls.RULE, "a.py", "session.verify = False\n", "high"),
    (tls.RULE, "a.py", "session.verify = verify\n", ""),
    (tls.RULE, "a.py", "def f(insecure):\n    if insecure:\n        session.verify = False\n", ""),
    (tls.RULE, "a.py", "import ssl\nctx = ssl._create_unverified_context()\n", "high"),
    (tls.RULE, "a.py", "import ssl\nctx.verify_mode = ssl.CERT_NONE\n", "high"),
    (tls.RULE, "a.py", "import ssl\nctx.verify_mode = ssl.CERT_REQUIRED\n", ""),
    (tls.RULE, "a.py", "client.set_missing_host_key_policy(paramiko.AutoAddPolicy())\n", "high"),
    (tls.RULE, "a.js", "const agent = new https.Agent({ rejectUnauthorized: false })\n", "high"),
    (tls.RULE, "a.js", "const agent = new https.Agent({ rejectUnauthorized: true })\n", ""),
    (tls.RULE, "a.ts", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'\n", "high"),
    (tls.RULE, "a.ts", "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'\n", "high"),
    (tls.RULE, "a.go", ('package a\nimport "crypto/tls"\nvar c = &tls.Config{InsecureSkipVerify: true}\n'), "high"),
    (
        tls.RULE,
        "a.go",
        ('package a\nimport "crypto/tls"\nfunc f(c *tls.Config, skip bool) { c.InsecureSkipVerify = skip }\n'),
        "",
    ),
    (
        tls.RULE,
        "a.go",
        ("package a\nfunc f() { c := ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()} }\n"),
        "high",
    ),
    (
        tls.RULE,
        "a.rs",
        ("fn f() { let c = reqwest::Client::builder().danger_accept_invalid_certs(true).build(); }\n"),
        "high",
    ),
    (
        tls.RULE,
        "a.rs",
        ("fn f() { let c = reqwest::Client::builder().danger_accept_invalid_certs(false).build(); }\n"),
        "",
    ),
    (tls.RULE, "a.rs", "fn f() { b.set_verify(SslVerifyMode::NONE); }\n", "high"),
    (tls.RULE, "A.java", ("class A { void f() { c.setHostnameVerifier(NoopHostnameVerifier.INSTANCE); } }\n"), "high"),
    (tls.RULE, "A.java", ("class A { void f() { c.setHostnameVerifier((host, session) -> true); } }\n"), "high"),
    (
        tls.RULE,
        "A.java",
        (
            "class A implements X509TrustManager {\n"
            "  public void checkServerTrusted(X509Certificate[] c, String a) {}\n"
            "}\n"
        ),
        "high",
    ),
    (
        tls.RULE,
        "A.java",
        (
            "class A implements X509TrustManager {\n"
            "  public void checkServerTrusted(X509Certificate[] c, String a) throws "
            "CertificateException { inner.checkServerTrusted(c, a); }\n"
            "}\n"
        ),
        "",
    ),
    (
        tls.RULE,
        "A.cs",
        ("class A { void F() { handler.ServerCertificateCustomValidationCallback = (m, c, ch, e) => true; } }\n"),
        "high",
    ),
    (
        tls.RULE,
        "A.cs",
        (
            "class A { void F() { handler.ServerCertificateCustomValidationCallback = (m, c, ch, e) => "
            "e == SslPolicyErrors.None; } }\n"
        ),
        "",
    ),
    (
        tls.RULE,
        "A.cs",
        (
            "class A { void F() { handler.ServerCertificateCustomValidationCallback = "
            "HttpClientHandler.DangerousAcceptAnyServerCertificateValidator; } }\n"
        ),
        "high",
    ),
    (
        tls.RULE,
        "A.cs",
        (
            "class A { void F() { ServicePointManager.ServerCertificateValidationCallback += (s, c, "
            "ch, e) => true; } }\n"
        ),
        "high",
    ),
    (tls.RULE, "a.rb", "http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n", "high"),
    (tls.RULE, "a.rb", "http.verify_mode = OpenSSL::SSL::VERIFY_PEER\n", ""),
    (tls.RULE, "a.rb", "conn = Faraday.new(url, ssl: { verify: false })\n", "high"),
    (tls.RULE, "a.php", "<?php curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, false);\n", "high"),
    (tls.RULE, "a.php", "<?php curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, true);\n", ""),
    (tls.RULE, "a.php", "<?php curl_setopt_array($ch, [CURLOPT_SSL_VERIFYPEER => 0]);\n", "high"),
    (tls.RULE, "a.php", "<?php $c = new Client(['verify' => false]);\n", "high"),
    (tls.RULE, "a.c", "void f(CURL *c) { curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L); }\n", "high"),
    (tls.RULE, "a.c", "void f(CURL *c) { curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L); }\n", ""),
    (tls.RULE, "a.c", "void f(SSL_CTX *c) { SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL); }\n", "high"),
    (tls.RULE, "a.cpp", "void f() { ctx.set_verify_mode(ssl::verify_none); }\n", "high"),
    (
        weak_hash.RULE,
        "a.py",
        ("import hashlib\ndef store(password):\n    return hashlib.md5(password.encode()).hexdigest()\n"),
        "high",
    ),
    (
        weak_hash.RULE,
        "a.py",
        ("import hashlib\ndef cache_key(url):\n    return hashlib.md5(url.encode()).hexdigest()\n"),
        "low",
    ),
    (
        weak_hash.RULE,
        "a.py",
        ("import hashlib\ndef key(url):\n    return hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()\n"),
        "",
    ),
    (
        weak_hash.RULE,
        "a.py",
        ("from hashlib import sha1 as h\ndef sign(token):\n    return h(token).hexdigest()\n"),
        "medium",
    ),
    (weak_hash.RULE, "a.py", "import hashlib\ndef sign(token):\n    return hashlib.new('md5', token)\n", "medium"),
    (weak_hash.RULE, "a.py", "import hashlib\ndef sign(token):\n    return hashlib.sha256(token)\n", ""),
    (
        weak_hash.RULE,
        "a.js",
        (
            "const crypto = require('crypto')\n"
            "const sign = (token) => crypto.createHash('md5').update(token).digest('hex')\n"
        ),
        "medium",
    ),
    (
        weak_hash.RULE,
        "a.js",
        (
            "const crypto = require('crypto')\n"
            "const sign = (token) => crypto.createHash('sha256').update(token).digest('hex')\n"
        ),
        "",
    ),
    (
        weak_hash.RULE,
        "a.go",
        (
            "package a\n"
            'import "crypto/md5"\n'
            "func HashPassword(p string) []byte { s := md5.Sum([]byte(p)); return s[:] }\n"
        ),
        "high",
    ),
    (
        weak_hash.RULE,
        "A.java",
        (
            "class A { byte[] hashPassword(String p) { return "
            'MessageDigest.getInstance("SHA-1").digest(p.getBytes()); } }\n'
        ),
        "high",
    ),
    (
        weak_hash.RULE,
        "A.java",
        (
            "class A { byte[] hashPassword(String p) { return "
            'MessageDigest.getInstance("SHA-256").digest(p.getBytes()); } }\n'
        ),
        "",
    ),
    (
        weak_hash.RULE,
        "A.cs",
        ("class A { byte[] HashPassword(string p) { using var md5 = MD5.Create(); return md5.ComputeHash(x); } }\n"),
        "high",
    ),
    (weak_hash.RULE, "a.rb", "def token_digest(t)\n  Digest::MD5.hexdigest(t)\nend\n", "medium"),
    (weak_hash.RULE, "a.php", "<?php function hashPassword($password) { return md5($password); }\n", "high"),
    (weak_hash.RULE, "a.php", "<?php function etag($content) { return md5($content); }\n", "low"),
    (
        weak_hash.RULE,
        "a.rs",
        ('use md5;\nfn hash_password(p: &str) -> String { format!("{:x}", md5::compute(p)) }\n'),
        "high",
    ),
    (
        weak_hash.RULE,
        "a.c",
        ("void hash_password(const char *p) { unsigned char out[16]; MD5(p, strlen(p), out); }\n"),
        "high",
    ),
    (weak_hash.RULE, "a.cpp", "void f() { EVP_DigestInit_ex(ctx, EVP_md5(), nullptr); }\n", "medium"),
    (weak_cipher.RULE, "a.py", "from Crypto.Cipher import DES\nc = DES.new(key, DES.MODE_CBC, iv)\n", "medium"),
    (weak_cipher.RULE, "a.py", "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_ECB)\n", "medium"),
    (
        weak_cipher.RULE,
        "a.py",
        ("from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, b'0123456789abcdef')\n"),
        "medium",
    ),
    (
        weak_cipher.RULE,
        "a.py",
        ("from Crypto.Cipher import AES\nimport os\nc = AES.new(key, AES.MODE_CBC, os.urandom(16))\n"),
        "",
    ),
    (weak_cipher.RULE, "a.py", "import ssl\nctx = ssl.SSLContext(ssl.PROTOCOL_TLSv1)\n", "medium"),
    (weak_cipher.RULE, "a.py", "import ssl\nctx.minimum_version = ssl.TLSVersion.TLSv1_2\n", ""),
    (weak_cipher.RULE, "a.js", "const c = crypto.createCipheriv('des-cbc', key, iv)\n", "medium"),
    (weak_cipher.RULE, "a.js", ("const c = crypto.createCipheriv('aes-256-gcm', key, crypto.randomBytes(12))\n"), ""),
    (
        weak_cipher.RULE,
        "a.js",
        ("const iv = Buffer.alloc(16, 0)\nconst c = crypto.createCipheriv('aes-256-cbc', key, iv)\n"),
        "medium",
    ),
    (weak_cipher.RULE, "a.js", "crypto.generateKeyPairSync('rsa', { modulusLength: 1024 })\n", "medium"),
    (weak_cipher.RULE, "a.go", 'package a\nimport "crypto/des"\nfunc f(k []byte) { des.NewCipher(k) }\n', "medium"),
    (
        weak_cipher.RULE,
        "a.go",
        ('package a\nimport "crypto/tls"\nvar c = tls.Config{MinVersion: tls.VersionTLS10}\n'),
        "medium",
    ),
    (
        weak_cipher.RULE,
        "a.go",
        ('package a\nimport "crypto/tls"\nvar c = tls.Config{MinVersion: tls.VersionTLS12}\n'),
        "",
    ),
    (
        weak_cipher.RULE,
        "a.go",
        ('package a\nimport "crypto/rsa"\nfunc f() { rsa.GenerateKey(rand.Reader, 1024) }\n'),
        "medium",
    ),
    (weak_cipher.RULE, "A.java", 'class A { void f() { Cipher.getInstance("DES/CBC/PKCS5Padding"); } }\n', "medium"),
    (weak_cipher.RULE, "A.java", 'class A { void f() { Cipher.getInstance("AES/ECB/PKCS5Padding"); } }\n', "medium"),
    (weak_cipher.RULE, "A.java", 'class A { void f() { Cipher.getInstance("AES"); } }\n', "medium"),
    (weak_cipher.RULE, "A.java", 'class A { void f() { Cipher.getInstance("AES/GCM/NoPadding"); } }\n', ""),
    (weak_cipher.RULE, "A.java", 'class A { void f() { new SecretKeySpec(key, "AES"); } }\n', ""),
    (weak_cipher.RULE, "A.cs", ("class A { void F() { var a = Aes.Create(); a.Mode = CipherMode.ECB; } }\n"), "medium"),
    (weak_cipher.RULE, "A.cs", "class A { void F() { var a = DES.Create(); } }\n", "medium"),
    (weak_cipher.RULE, "a.rb", "c = OpenSSL::Cipher.new('des-ede3-cbc')\n", "medium"),
    (weak_cipher.RULE, "a.rb", "c = OpenSSL::Cipher.new('aes-256-gcm')\n", ""),
    (weak_cipher.RULE, "a.php", "<?php $x = openssl_encrypt($d, 'aes-128-ecb', $key);\n", "medium"),
    (weak_cipher.RULE, "a.php", "<?php $x = openssl_encrypt($d, 'aes-256-gcm', $key, 0, $iv, $tag);\n", ""),
    (weak_cipher.RULE, "a.c", "void f() { EVP_EncryptInit_ex(ctx, EVP_des_cbc(), NULL, key, iv); }\n", "medium"),
    (weak_cipher.RULE, "a.py", "import ssl\nctx.set_ciphers('RC4:DES-CBC3-SHA')\n", "medium"),
    (weak_cipher.RULE, "a.py", "import ssl\nctx.set_ciphers('HIGH:!aNULL:!MD5')\n", ""),
    (
        weak_cipher.RULE,
        "A.cs",
        (
            "class A { void F() { ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls11 | "
            "SecurityProtocolType.Tls12; } }\n"
        ),
        "medium",
    ),
    (
        weak_cipher.RULE,
        "A.java",
        (
            "class A { void f() { byte[] iv = new byte[16]; new SecureRandom().nextBytes(iv); new "
            "IvParameterSpec(iv); } }\n"
        ),
        "",
    ),
    (
        weak_cipher.RULE,
        "A.java",
        ("class A { void f() { byte[] iv = new byte[16]; new IvParameterSpec(iv); } }\n"),
        "medium",
    ),
    (tls.RULE, "a.rs", ("fn f() { c.dangerous().set_certificate_verifier(Arc::new(NoVerifier)); }\n"), "high"),
    (tls.RULE, "a.py", "client.set_missing_host_key_policy(paramiko.RejectPolicy())\n", ""),
    (
        weak_random.RULE,
        "a.py",
        ("import random\ndef f():\n    token = ''.join(random.choice(CHARS) for _ in range(32))\n    return token\n"),
        "high",
    ),
    (weak_random.RULE, "a.py", "import random\ndef backoff():\n    return random.random() * 3\n", ""),
    (weak_random.RULE, "a.py", "import secrets\ndef make_token():\n    return secrets.token_hex()\n", ""),
    (
        weak_random.RULE,
        "a.py",
        ("from random import SystemRandom\ndef make_token():\n    return SystemRandom().choice(CHARS)\n"),
        "",
    ),
    (weak_random.RULE, "a.js", "const sessionId = Math.random().toString(36).slice(2)\n", "high"),
    (weak_random.RULE, "a.js", "const delay = Math.random() * 100\n", ""),
    (weak_random.RULE, "a.js", "const sessionId = crypto.randomUUID()\n", ""),
    (weak_random.RULE, "a.js", "function generateToken() {\n  return Math.random().toString(36)\n}\n", "high"),
    (
        weak_random.RULE,
        "a.go",
        ('package a\nimport "math/rand"\nfunc newToken() int { return rand.Intn(100) }\n'),
        "high",
    ),
    (weak_random.RULE, "a.go", 'package a\nimport "crypto/rand"\nfunc newToken() { rand.Read(b) }\n', ""),
    (
        weak_random.RULE,
        "A.java",
        ('class A { String resetToken() { Random r = new Random(); return r.nextInt() + ""; } }\n'),
        "high",
    ),
    (
        weak_random.RULE,
        "A.java",
        ('class A { String resetToken() { SecureRandom r = new SecureRandom(); return r.nextInt() + ""; } }\n'),
        "",
    ),
    (weak_random.RULE, "A.cs", ('class A { string NewPassword() { var r = new Random(); return ""; } }\n'), "high"),
    (weak_random.RULE, "a.rb", "def reset_token\n  rand(10**10).to_s\nend\n", "high"),
    (weak_random.RULE, "a.php", "<?php function makeToken() { return md5(uniqid(mt_rand(), true)); }\n", "high"),
    (weak_random.RULE, "a.php", "<?php function makeToken() { return bin2hex(random_bytes(16)); }\n", ""),
    (
        weak_random.RULE,
        "a.c",
        ("void make_session_key(char *k) { for (int i = 0; i < 16; i++) k[i] = rand() % 256; }\n"),
        "medium",
    ),
    (
        weak_random.RULE,
        "a.cpp",
        ('std::string make_session_token() { std::mt19937 gen(time(0)); return ""; }\n'),
        "high",
    ),
    (weak_random.RULE, "a.rs", "fn session_token() -> u64 { fastrand::u64(..) }\n", "high"),
    (tokens.RULE, "a.py", ("import jwt\nc = jwt.decode(token, options={'verify_signature': False})\n"), "high"),
    (tokens.RULE, "a.py", "import jwt\nc = jwt.decode(token, key, algorithms=['HS256'])\n", ""),
    (tokens.RULE, "a.py", "import jwt\nc = jwt.decode(token, key, algorithms=['none'])\n", "high"),
    (
        tokens.RULE,
        "a.py",
        ("import jwt\nunverified_header = jwt.decode(token, options={'verify_signature': False})\n"),
        "",
    ),
    (tokens.RULE, "a.js", "const jwt = require('jsonwebtoken')\nconst user = jwt.decode(token)\n", "high"),
    (
        tokens.RULE,
        "a.js",
        ("const jwt = require('jsonwebtoken')\nconst user = jwt.verify(token, key, { algorithms: ['none'] })\n"),
        "high",
    ),
    (
        tokens.RULE,
        "a.js",
        ("const jwt = require('jsonwebtoken')\nconst user = jwt.verify(token, key, { algorithms: ['RS256'] })\n"),
        "",
    ),
    (tokens.RULE, "a.go", "package a\nfunc f() { t, _, err := p.ParseUnverified(s, c) }\n", "high"),
    (
        tokens.RULE,
        "A.cs",
        ("class A { void F() { var p = new TokenValidationParameters { ValidateIssuerSigningKey = false }; } }\n"),
        "high",
    ),
    (tokens.RULE, "a.rb", "payload = JWT.decode(token, nil, false)\n", "high"),
    (tokens.RULE, "a.rs", "fn f() { validation.insecure_disable_signature_validation(); }\n", "high"),
    (comparisons.RULE, "a.py", "def f(signature, expected):\n    return signature == expected\n", "medium"),
    (comparisons.RULE, "a.py", ("def f(password, password_confirm):\n    return password == password_confirm\n"), ""),
    (comparisons.RULE, "a.py", "def f(token):\n    return token == None\n", ""),
    (comparisons.RULE, "a.js", "if (req.headers['x-hub-signature'] === expectedSignature) ok()\n", "medium"),
    (comparisons.RULE, "a.js", "if (crypto.timingSafeEqual(a, b)) ok()\n", ""),
    (
        comparisons.RULE,
        "a.go",
        ("package a\nfunc f(signature, expected string) bool { return signature == expected }\n"),
        "medium",
    ),
    (
        comparisons.RULE,
        "A.java",
        ("class A { boolean f(String signature, String expected) { return signature.equals(expected); } }\n"),
        "medium",
    ),
    (comparisons.RULE, "a.php", "<?php if ($_GET['token'] == $user->reset_token) ok();\n", "medium"),
    (comparisons.RULE, "a.rb", "def f\n  params[:token] == api_token\nend\n", "medium"),
    (
        comparisons.RULE,
        "a.c",
        ("int f(const char *password, const char *stored) { return strcmp(password, stored_password) == 0; }\n"),
        "medium",
    ),
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
