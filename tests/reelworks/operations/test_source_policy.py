"""Which sources and webhooks a remote caller may name."""

from __future__ import annotations

import pytest

from reelworks.domain.library.access import LOCAL
from reelworks.errors import ForbiddenError, InputError, UnsafeAddressError
from reelworks.operations.new_video import VideoFields, new_video
from reelworks.operations.source_policy import AllowedSource, authorize_source, check_webhook
from reelworks.settings import Settings

PUBLIC = "https://93.184.215.14"


@pytest.fixture
def settings(tmp_path) -> Settings:
    """One bucket of the library, one further bucket, one folder."""
    folder = tmp_path / "films"
    folder.mkdir()
    return Settings(
        s3_bucket="library",
        allowed_source_buckets="archive, more",
        source_folders=str(folder),
        webhook_secret="whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    )


def id_of(source: AllowedSource) -> str:
    return new_video(source.name, source.locator, VideoFields(), LOCAL).id


def test_a_url_of_a_public_host(settings):
    source = authorize_source(f"{PUBLIC}/talks/Team%20talk.mp4?signature=x", settings)

    assert source.locator == f"{PUBLIC}/talks/Team%20talk.mp4?signature=x"
    assert source.name == "Team talk.mp4"
    assert id_of(source).startswith("team-talk-")


def test_the_id_depends_on_the_whole_url(settings):
    first, second = (authorize_source(f"{PUBLIC}/a.mp4?v={n}", settings) for n in (1, 2))

    assert first.name == second.name
    assert id_of(first) != id_of(second)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a.mp4", "http://169.254.169.254/latest", "http://[::1]:80/a.mp4"]
)
def test_a_private_address_is_unsafe_unless_the_settings_allow_it(settings, url):
    with pytest.raises(UnsafeAddressError):
        authorize_source(url, settings)

    trusting = settings.with_values(fetch_private_addresses=True)
    assert authorize_source(url, trusting).locator == url


@pytest.mark.parametrize(
    "locator",
    [
        "s3://library/uploads/a.mp4",
        "s3://library/incoming/2026/a.mp4",
        "s3://archive/a.mp4",
        "s3://more/deep/a.mp4",
        "S3://archive/a.mp4",
    ],
)
def test_keys_that_may_be_named(settings, locator):
    assert authorize_source(locator, settings).name == "a.mp4"


@pytest.mark.parametrize(
    "locator",
    [
        "s3://library/cache/calls/a.json",
        "s3://library/uploadsx/a.mp4",
        "s3://library/uploads/../cache/a.json",
        "s3://archive/",
        "s3://archive",
        "s3://others/a.mp4",
        "s3:///a.mp4",
    ],
)
def test_keys_that_may_not_be_named(settings, locator):
    with pytest.raises(ForbiddenError):
        authorize_source(locator, settings)


def test_paths_inside_and_outside_the_source_folders(settings, tmp_path):
    inside = tmp_path / "films" / "a.mp4"
    (tmp_path / "films" / "link.mp4").symlink_to("/etc/passwd")

    assert authorize_source(str(inside), settings).locator == str(inside)
    for path in ("/etc/passwd", f"{tmp_path}/films/../b.mp4", f"{tmp_path}/films/link.mp4"):
        with pytest.raises(ForbiddenError, match="SOURCE_FOLDERS"):
            authorize_source(path, settings)


def test_without_source_folders_no_path_may_be_named(settings, tmp_path):
    bare = settings.with_values(source_folders="")

    with pytest.raises(ForbiddenError):
        authorize_source(str(tmp_path / "films" / "a.mp4"), bare)


@pytest.mark.parametrize(
    ("locator", "schemes"),
    [
        ("ftp://93.184.215.14/a.mp4", ("http", "https", "s3", "")),
        ("file:///etc/passwd", ("http", "https", "s3", "")),
        ("s3://archive/a.mp4", ("http", "https")),
        ("/a.mp4", ("http", "https")),
        (f"{PUBLIC}/a\nb.mp4", ("https",)),
        (f"{PUBLIC}/a\x7f.mp4", ("https",)),
    ],
)
def test_other_schemes_and_control_characters_are_input_errors(settings, locator, schemes):
    with pytest.raises(InputError):
        authorize_source(locator, settings, schemes)


def test_messages_show_no_secret_of_a_url(settings):
    with pytest.raises(InputError) as refused:
        authorize_source("ftp://me:password@host/a.mp4?signature=x", settings)

    assert "password" not in str(refused.value)
    assert "signature" not in str(refused.value)


def test_webhooks_need_a_secret_and_a_public_address(settings):
    check_webhook(None, settings)
    check_webhook(f"{PUBLIC}/hooks", settings)
    with pytest.raises(UnsafeAddressError):
        check_webhook("http://10.0.0.1/hooks", settings)
    with pytest.raises(InputError, match="WEBHOOK_SECRET"):
        check_webhook(f"{PUBLIC}/hooks", settings.with_values(webhook_secret=None))
    check_webhook(None, settings.with_values(webhook_secret=None))


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("url", ["hooks", "ftp://93.184.215.14/h", "http://", "https://a b/h"])
def test_a_webhook_that_is_not_a_url_is_refused(settings, url, private):
    with pytest.raises(InputError, match="webhook_url"):
        check_webhook(url, settings.with_values(fetch_private_addresses=private))


@pytest.mark.parametrize("private", [True, False])
def test_a_source_that_is_not_a_url_is_refused(settings, private):
    with pytest.raises(InputError, match="Invalid URL"):
        authorize_source("http:///a.mp4", settings.with_values(fetch_private_addresses=private))
