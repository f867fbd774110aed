"""Each check says what it found and, when that is bad, how to fix it in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from infra.services import checks
from infra.services.checks import Check, CheckResult, check_machine, check_services
from infra.services.endpoints import Endpoints
from reelworks.settings import Settings

pytestmark = pytest.mark.slow


def only(found: list[Check], name: str) -> Check:
    return next(check for check in found if check.name == name)


@pytest.fixture
def endpoints(clean_settings: Settings, services: Endpoints) -> Endpoints:
    return replace(services, database_url=clean_settings.database.url)


def test_a_good_machine_has_no_hint(tmp_path: Path, settings: Settings) -> None:
    found = check_machine(settings.with_values(data_dir=tmp_path / "data"))
    assert [check.name for check in found] == ["Python", "Data folder", "Disk", "Ports", "ffmpeg"]
    assert all(not check.hint for check in found if check.verdict is CheckResult.OK)
    assert {check.name for check in found if check.verdict is CheckResult.FAIL} <= {"Disk"}
    assert any(letter.isdigit() for letter in only(found, "ffmpeg").finding)


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = checks.check_folder(tmp_path / "file" / "data")
    assert (found.verdict, found.hint) == (
        CheckResult.FAIL,
        "Set DATA_DIR to a folder that you own.",
    )


def test_a_disk_without_room_fails_and_a_small_one_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "SPACE_NEEDED", 0)
    monkeypatch.setattr(checks, "SPACE_ADVISED", 2**60)
    assert checks.check_space(tmp_path / "not" / "yet").verdict is CheckResult.WARN
    monkeypatch.setattr(checks, "SPACE_NEEDED", 2**60)
    found = checks.check_space(tmp_path)
    assert found.verdict is CheckResult.FAIL
    assert found.hint.startswith("Make room on the disk of ")


def test_an_ffmpeg_that_does_not_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "ffmpeg"))
    found = checks.check_ffmpeg()
    assert found.verdict is CheckResult.FAIL
    assert "imageio-ffmpeg" in found.hint


def test_good_services_have_no_hint(clean_settings: Settings, endpoints: Endpoints) -> None:
    found = check_services(clean_settings, endpoints)
    assert [(check.name, check.verdict) for check in found] == [
        ("PostgreSQL", CheckResult.OK),
        ("Store", CheckResult.OK),
    ]
    assert "with vector" in found[0].finding


def test_a_wrong_database_password_fails_without_telling_it(
    clean_settings: Settings, endpoints: Endpoints
) -> None:
    assert endpoints.database_url is not None
    right = endpoints.database_url.get_secret_value()
    password = psycopg.conninfo.conninfo_to_dict(right)["password"]
    wrong = SecretStr(right.replace(str(password), "hunter2"))
    found = only(
        check_services(clean_settings, replace(endpoints, database_url=wrong)), "PostgreSQL"
    )
    assert found.verdict is CheckResult.FAIL
    assert "password authentication failed" in found.finding
    assert "hunter2" not in found.finding
    assert "DATABASE_URL" in found.hint


def test_wrong_store_keys_fail(clean_settings: Settings, endpoints: Endpoints) -> None:
    wrong = replace(endpoints, s3_secret_access_key=SecretStr("guess"))
    found = only(check_services(clean_settings, wrong), "Store")
    assert found.verdict is CheckResult.FAIL
    assert "S3_SECRET_ACCESS_KEY" in found.hint


def test_services_out_of_reach_fail_each_with_its_hint(clean_settings: Settings) -> None:
    nowhere = Endpoints(
        database_url=SecretStr("postgresql://127.0.0.1:1/none"),
        s3_endpoint_url="http://127.0.0.1:1",
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr("secret"),
        prefect_api_url="http://127.0.0.1:1/api",
    )
    found = check_services(clean_settings, nowhere)
    assert [check.verdict for check in found] == [CheckResult.FAIL] * 3
    variables = ("DATABASE_URL", "S3_ENDPOINT_URL", "PREFECT_API_URL")
    for check, variable in zip(found, variables, strict=True):
        assert variable in check.hint
        assert check.hint.count(".") == 1


def test_prefect_is_compared_with_what_is_installed(
    prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.check_prefect(prefect_api).verdict is CheckResult.OK
    monkeypatch.setattr(checks, "package_version", lambda name: "3.0.0")
    found = checks.check_prefect(prefect_api)
    assert found.verdict is CheckResult.WARN
    assert found.hint == "Run Prefect server 3.0.0, the version installed on this machine."


def test_prefect_without_its_secret_fails_and_names_the_variable(prefect_api: str) -> None:
    found = checks.check_prefect(prefect_api, {})
    assert found.verdict is CheckResult.FAIL
    assert found.finding.endswith("refuses the key (401)")
    assert "PREFECT_API_AUTH_STRING" in found.hint
