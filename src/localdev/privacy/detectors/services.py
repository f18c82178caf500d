"""Keys of online services whose form tells what they are."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.spans import END, START, Span, apply, rule

_RULES = (
    rule("SLACK", "xox xapp-", START + r"(?:xox[abeoprs](?:\.xox[bp])?|xapp)-(?:\d+-)?[A-Za-z0-9-]{10,}"),
    rule("SLACK_HOOK", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/]{20,})"),
    rule("DISCORD_HOOK", "/webhooks/", r"discord(?:app)?\.com/api/webhooks/(?P<secret>\d+/[\w-]{20,})"),
    rule("DISCORD", ".", START + r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"),
    rule("STRIPE", "k_live_ k_test_ whsec_", START + r"(?:[srp]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[\w+/=]{20,})"),
    rule("TWILIO", "AC SK", START + r"(?:AC|SK)[a-f0-9]{32}" + END),
    rule("SENDGRID", "SG.", START + r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    rule("MAILGUN", "key-", START + r"key-[a-f0-9]{32}" + END),
    rule("MAILCHIMP", "-us", START + r"[a-f0-9]{32}-us\d{1,2}" + END),
    rule("TELEGRAM", ":AA", r"(?<!\d)\d{8,10}:AA[\w-]{32,}"),
    rule("ANTHROPIC", "sk-ant-", START + r"sk-ant-[\w-]{20,}"),
    rule("OPENAI", "sk-", r"(?<![\w-])sk-(?!ant-)(?=[\w-]{0,200}\d)[\w-]{20,}"),
    rule("HUGGINGFACE", "hf_ api_org_", START + r"(?:hf|api_org)_[A-Za-z]{30,}" + END),
    rule("SHOPIFY", "shp", START + r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    rule("SQUARE", "sq0 EAAA", START + r"(?:sq0(?:csp|atp)-[\w-]{22,}|EAAA[\w-]{60})"),
    rule("GRAFANA", "glsa_ glc_", START + r"(?:glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_[A-Za-z0-9+/=]{32,})"),
    rule("NEWRELIC", "NRAK- NRJS- NRII-", START + r"NR(?:AK|JS|II)-[\w-]{19,}"),
    rule("SENTRY", "sntry", START + r"sntry[su]_[A-Za-z0-9+/=_]{40,}"),
    rule("POSTMAN", "PMAK-", START + r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    rule("LINEAR", "lin_", START + r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    rule("NOTION", "ntn_ secret_", START + r"(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})" + END),
    rule("DOPPLER", "dp.", START + r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]+\.)?[A-Za-z0-9]{40,}"),
    rule("FIGMA", "figd_", START + r"figd_[\w-]{36,}"),
    rule("AIRTABLE", "pat", START + r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    rule("AGE", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
)


def find(text: str) -> Iterator[Span]:
    """Find keys of services."""
    return apply(_RULES, text)
