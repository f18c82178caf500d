"""Keys of clouds: AWS, Google, Azure and others whose keys have a form of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.spans import END, START, Span, apply, rule

_AWS_NAMES = r"(?:secret|aws)[\w .-]{0,30}(?:key|token|secret)"

_RULES = (
    rule(
        "AWS_KEY_ID",
        "AKIA ASIA ABIA ACCA AROA AIDA A3T",
        rf"{START}(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|A3T[A-Z0-9])[A-Z0-9]{{16}}{END}",
    ),
    rule(
        "AWS_KEY",
        "ecret aws AWS ECRET",
        rf"{_AWS_NAMES}\W{{1,8}}(?P<secret>[A-Za-z0-9/+]{{40}})(?![A-Za-z0-9/+=])",
        re.IGNORECASE,
    ),
    rule(
        "AWS_SESSION",
        "ession_ ession-token SESSION_ essionToken",
        r"session[_-]?token\W{1,8}(?P<secret>[A-Za-z0-9/+=]{100,})",
        re.IGNORECASE,
    ),
    rule("GCP_KEY", "AIza", rf"{START}AIza[0-9A-Za-z_-]{{35,}}"),
    rule("GCP_OAUTH", "GOCSPX ya29.", rf"{START}(?:GOCSPX-[\w-]{{20,}}|ya29\.[\w-]{{20,}})"),
    rule(
        "AZURE_KEY",
        "AccountKey SharedAccessKey SharedSecret accesskey AccessKey",
        r"(?:AccountKey|SharedAccessKey|SharedSecret|AccessKey)\s{0,2}=\s{0,2}(?P<secret>[A-Za-z0-9+/]{32,}={0,2})",
        re.IGNORECASE,
    ),
    rule("AZURE_SIGNATURE", "sig=", r"[?&;]sig=(?P<secret>[A-Za-z0-9%+/]{40,}(?:%3D|=)*)"),
    rule("AZURE_SECRET", "8Q~ 7Q~", r"(?<![\w.~-])[\w.~-]{3}[78]Q~[\w.~-]{31,34}(?![\w.~-])"),
    rule("DIGITALOCEAN", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    rule("ALIBABA", "LTAI", rf"{START}LTAI[A-Za-z0-9]{{12,26}}{END}"),
    rule("HEROKU", "HRKU-", r"HRKU-[\w-]{36,}"),
    rule("DATABRICKS", "dapi", rf"{START}dapi[a-f0-9]{{32}}(?:-\d)?{END}"),
    rule("VAULT", "hvs. hvb. hvr.", rf"{START}hv[sbr]\.[\w-]{{24,}}"),
    rule("TERRAFORM", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}"),
    rule("PULUMI", "pul-", rf"{START}pul-[a-f0-9]{{40}}{END}"),
)


def find(text: str) -> Iterator[Span]:
    """Find keys of clouds."""
    return apply(_RULES, text)
