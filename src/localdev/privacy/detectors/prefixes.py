"""Keys of more services, told by the letters that they begin with, as the services' own pages describe them."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.spans import END, START, Span, apply, rule

_RULES = (
    rule("GROQ", "gsk_", START + r"gsk_[A-Za-z0-9]{40,}" + END),
    rule("XAI", "xai-", START + r"xai-[A-Za-z0-9]{60,}" + END),
    rule("PERPLEXITY", "pplx-", START + r"pplx-[A-Za-z0-9]{40,}" + END),
    rule("REPLICATE", "r8_", START + r"r8_[A-Za-z0-9]{37}" + END),
    rule("PINECONE", "pcsk_", START + r"pcsk_[A-Za-z0-9_]{50,}"),
    rule("LANGSMITH", "lsv2_", START + r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    rule("BEDROCK", "ABSK", START + r"ABSK[A-Za-z0-9+/]{100,}={0,2}"),
    rule("SUPABASE", "sbp_ sb_secret_", START + r"(?:sbp_[a-f0-9]{40}|sb_secret_[\w-]{30,})"),
    rule("PLANETSCALE", "pscale_", START + r"pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}"),
    rule("NETLIFY", "nfp_", START + r"nfp_[A-Za-z0-9]{36,}" + END),
    rule("FLY", "fo1_ fm2_", START + r"(?:fo1_[\w-]{43}|fm2_[A-Za-z0-9+/]{100,}={0,2})"),
    rule("TAILSCALE", "tskey-", START + r"tskey-[a-z]+-[A-Za-z0-9]{9,}-[A-Za-z0-9]{20,}"),
    rule("CLOUDFLARE", "v1.0-", START + r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    rule("DENO", "ddp_", START + r"ddp_[A-Za-z0-9]{36}" + END),
    rule("BUILDKITE", "bkua_", START + r"bkua_[a-f0-9]{40}" + END),
    rule("CIRCLECI", "CCIPAT_", START + r"CCIPAT_[A-Za-z0-9]{22}_[a-f0-9]{40}"),
    rule("SONAR", "sqp_ squ_ sqa_", START + r"sq[pua]_[a-f0-9]{40}" + END),
    rule("SOURCEGRAPH", "sgp_", START + r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}" + END),
    rule("POSTHOG", "phx_", START + r"phx_[A-Za-z0-9]{43,}" + END),
    rule("DYNATRACE", "dt0", START + r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}" + END),
    rule("BREVO", "xkeysib- xsmtpsib-", START + r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    rule("RESEND", "re_", START + r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}" + END),
    rule("MAPBOX", "sk.eyJ", START + r"sk\.eyJ[\w-]{50,}\.[\w-]{20,}"),
    rule("CONTENTFUL", "CFPAT-", START + r"CFPAT-[\w-]{43}"),
    rule("ONEPASSWORD", "ops_eyJ", START + r"ops_eyJ[A-Za-z0-9+/]{200,}={0,3}"),
    rule("EASYPOST", "EZAK EZTK", START + r"EZ[AT]K[A-Za-z0-9]{54}" + END),
    rule("SHIPPO", "shippo_", START + r"shippo_(?:live|test)_[a-f0-9]{40}" + END),
    rule("FLUTTERWAVE", "FLWSECK", START + r"FLWSECK(?:_TEST)?-[A-Za-z0-9]{32}-X"),
    rule("CLOJARS", "CLOJARS_", START + r"CLOJARS_[a-z0-9]{60}" + END),
    rule("PREFECT", "pnu_", START + r"pnu_[A-Za-z0-9]{36}" + END),
    rule("TYPEFORM", "tfp_", START + r"tfp_[\w.=-]{59}"),
    rule("DUFFEL", "duffel_", START + r"duffel_(?:live|test)_[\w-]{43}"),
    rule("README", "rdme_", START + r"rdme_[a-z0-9]{70}" + END),
    rule("FRAMEIO", "fio-u-", START + r"fio-u-[\w-]{64}"),
    rule("DROPBOX", "sl.", START + r"sl\.(?:u\.)?[\w-]{130,}"),
    rule("FACEBOOK", "EAA", START + r"EAA[A-Z][A-Za-z0-9]{90,}" + END),
    rule("GOOGLE_REFRESH", "1//0", r"(?<![\w/])1//0[\w-]{60,}"),
    rule("TEAMS_HOOK", "webhook.office.com", r"[\w-]+\.webhook\.office\.com/webhookb2/(?P<secret>[\w@/-]{60,})"),
    rule("ZAPIER_HOOK", "hooks.zapier.com", r"hooks\.zapier\.com/hooks/catch/(?P<secret>\d+/\w{6,})"),
    rule(
        "CHAT_HOOK",
        "chat.googleapis.com",
        r"chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?key=(?P<secret>[\w-]{30,}&token=[\w%=-]{30,})",
    ),
)


def find(text: str) -> Iterator[Span]:
    """Find keys of services by their beginnings."""
    return apply(_RULES, text)
