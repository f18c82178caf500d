"""The forms of vendors that detect-secrets knows: its rules alone, without its settings and its online verification."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from localdev.privacy.spans import Span, span
from localdev.privacy.strength import looks_random

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

# Its rules for words beside a value, for entropy, for addresses and for the marks of keys are ours to judge.
_PLUGINS = (
    "artifactory.ArtifactoryDetector", "aws.AWSKeyDetector", "azure_storage_key.AzureStorageKeyDetector",
    "cloudant.CloudantDetector", "discord.DiscordBotTokenDetector", "github_token.GitHubTokenDetector",
    "gitlab_token.GitLabTokenDetector", "ibm_cloud_iam.IbmCloudIamDetector", "ibm_cos_hmac.IbmCosHmacDetector",
    "mailchimp.MailchimpDetector", "pypi_token.PypiTokenDetector",
    "sendgrid.SendGridDetector", "slack.SlackDetector", "softlayer.SoftlayerDetector",
    "square_oauth.SquareOAuthDetector", "stripe.StripeDetector", "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)  # fmt: skip
# Longer than any vendor's key.
_OVERLAP, _WINDOW = 500, 4_000


def find(text: str) -> Iterator[Span]:
    """Find what the library's vendor rules find; a value in the middle of a word is none."""
    for kind, plugin in _plugins():
        # Some of its rules give what stands around a value, too.
        values = (found for part in _windows(text) for found in plugin.analyze_string(part))
        for value in dict.fromkeys(found.strip(" \t\r\n\"'=:,") for found in values):
            if looks_random(value, least=10):
                for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", text):
                    yield span(text, found.start(), found.end(), kind)


def _windows(text: str) -> Iterator[str]:
    """Give a text in parts that overlap: some of the library's patterns take the square of a text's length."""
    for start in range(0, max(1, len(text)), _WINDOW):
        yield text[start : start + _WINDOW + _OVERLAP]


@functools.cache
def _plugins() -> tuple[tuple[str, BasePlugin], ...]:
    """Load the rules: 0.1 s, paid only where something is masked at all."""
    from importlib import import_module

    made = []
    for name in _PLUGINS:
        module, _, plugin = name.partition(".")
        kind = module.split("_")[0].upper()
        made.append((kind, getattr(import_module(f"detect_secrets.plugins.{module}"), plugin)()))
    return tuple(made)
