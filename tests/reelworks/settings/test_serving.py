"""Settings of the API: webhook secrets and sites of other pages."""

from __future__ import annotations

import pytest

from reelworks.errors import SettingsError
from reelworks.settings import load_settings

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_a_secret_of_another_form_is_refused_with_the_way_to_make_one() -> None:
    assert load_settings(webhook_secret=SECRET).api.webhook_secret is not None
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET.*openssl rand -base64 32") as refused:
        load_settings(webhook_secret="my plain secret")
    assert "my plain secret" not in str(refused.value)


def test_sites_are_listed_as_browsers_name_them() -> None:
    given = "https://App.example.org, http://localhost:3000,http://[::1]:8080,"

    assert load_settings(cors_origins=given).api.origins == {
        "https://app.example.org",
        "http://localhost:3000",
        "http://[::1]:8080",
    }
    assert load_settings().api.origins == frozenset()


@pytest.mark.parametrize(
    "site",
    [
        "*",
        "example.org",
        "https://example.org/",
        "https://u:p@example.org",
        "ftp://a",
        "https://a:b",
    ],
)
def test_what_is_no_site_is_refused(site: str) -> None:
    with pytest.raises(SettingsError, match="CORS_ORIGINS.*is not a site"):
        load_settings(cors_origins=f"https://example.org,{site}")
