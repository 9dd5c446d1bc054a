"""The simulator, proven by clients that we did not write.

* `volcengine`, the vendor's client: `LiveService` takes a host, and a scheme by `set_scheme`. Variables of the
  environment and files in the home directory beat its arguments, so it runs in a process with neither.
* `volcenginesdk-core`, the vendor's newer client: its generic call takes host and scheme from a `Configuration`.
* `uipath-platform`, the vendor's client: `IdentityService` takes the address and gets a token. Its caller, the
  `ExternalApplicationService` behind ``UiPath(client_id=…)``, always takes https://cloud.uipath.com and cannot be led
  to this machine without replacing its `IdentityService`; that is done here, and everything else of it is its own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support import run_python

import metertap
from metertap.simulator import Simulator

VOLCENGINE = """
import json, sys
from volcengine.live.v20230101.live_service import LiveService
host, access_key, secret_key, token, body = json.loads(sys.argv[1])
service = LiveService(host=host, ak=access_key, sk=secret_key)
service.set_scheme("http")
if token:
    service.set_session_token(token)
try:
    print(json.dumps(service.describe_live_time_shift_data(body)["Result"]))
except Exception as error:
    print(error.args[0].decode())
"""

VOLCENGINESDK = """
import json, sys
import volcenginesdkcore
from volcenginesdkcore.rest import ApiException
from volcenginesdkcore.universal import UniversalApi, UniversalInfo
host, access_key, secret_key, token, body = json.loads(sys.argv[1])
configuration = volcenginesdkcore.Configuration()
configuration.host, configuration.scheme, configuration.region = host, "http", "cn-north-1"
configuration.ak, configuration.sk, configuration.session_token = access_key, secret_key, token
configuration.auto_retry = False
api = UniversalApi(volcenginesdkcore.ApiClient(configuration))
action = UniversalInfo("POST", "live", "2023-01-01", "DescribeLiveTimeShiftData", "application/json")
try:
    print(json.dumps(api.do_call(action, body)))
except ApiException as error:
    print(error.body if isinstance(error.body, str) else error.body.decode())
"""

IDENTITY = """
import asyncio, json, sys
import httpx
from uipath.platform.identity import IdentityService
origin, client_id, client_secret, scope = json.loads(sys.argv[1])
service = IdentityService(origin)
try:
    token = service.get_client_credentials_token(client_id, client_secret, scope)
    other = asyncio.run(service.get_client_credentials_token_async(client_id, client_secret, scope))
    print(json.dumps([token.access_token, other.access_token, token.token_type, token.expires_in, token.scope]))
except httpx.HTTPStatusError as error:
    print(json.dumps([error.response.status_code, error.response.json()["error"]]))
"""

EXTERNAL_APPLICATION = """
import json, sys
from uipath.platform.external_applications import ExternalApplicationService
from uipath.platform.identity import IdentityService
origin, client_id, client_secret, scope = json.loads(sys.argv[1])
service = ExternalApplicationService(origin)
service._identity_service = IdentityService(origin)
try:
    print(json.dumps(service.get_token_data(client_id, client_secret, scope).token_type))
except Exception as error:
    print(json.dumps(type(error).__name__))
"""

BODY = {"StartTime": "2026-04-10T00:00:00+08:00", "EndTime": "2026-04-11T23:59:59+08:00", "Aggregation": 86400}


def run(package: str, code: str, facts: list[Any], home: Path) -> Any:
    if sys.version_info < (3, 11) and package == "uipath":
        pytest.skip("uipath-platform needs Python 3.11")
    assert importlib.util.find_spec(package), f"the test extra installs {package}"
    # Its own warnings are the vendor's business.
    environment = {"HOME": str(home), "USERPROFILE": str(home), "PYTHONWARNINGS": "ignore"}
    return json.loads(run_python(code, json.dumps(facts), env=environment).splitlines()[-1])


@pytest.mark.parametrize(("package", "code"), [("volcengine", VOLCENGINE), ("volcenginesdkcore", VOLCENGINESDK)])
class TestVolcengine:
    """Both clients of the vendor sign by code of their own."""

    def ask(self, package: str, code: str, simulator: Simulator, home: Path, **other: str) -> Any:
        keys = {**simulator.credentials("volcengine"), **other}
        host = simulator.origin.removeprefix("http://")
        facts = [host, keys["access_key"], keys["secret_key"], keys.get("session_token"), BODY]
        return run(package, code, facts, home)

    def test_the_right_key_gets_what_our_client_gets(
        self, package: str, code: str, simulator: Simulator, tmp_path: Path
    ) -> None:
        result = self.ask(package, code, simulator, tmp_path)
        ours = simulator.client("volcengine").call("DescribeLiveTimeShiftData", BODY)
        assert result == ours
        assert [row["TimeStamp"][:10] for row in result["TimeShiftDataList"]] == ["2026-04-10", "2026-04-11"]

    def test_a_wrong_secret_is_refused(self, package: str, code: str, simulator: Simulator, tmp_path: Path) -> None:
        refused = self.ask(package, code, simulator, tmp_path, secret_key="wrong")
        assert refused["ResponseMetadata"]["Error"]["Code"] == "SignatureDoesNotMatch"

    def test_a_wrong_access_key_is_refused(self, package: str, code: str, simulator: Simulator, tmp_path: Path) -> None:
        refused = self.ask(package, code, simulator, tmp_path, access_key="AKLTunknown")
        assert refused["ResponseMetadata"]["Error"]["Code"] == "InvalidAccessKey"

    def test_a_clock_that_is_off_is_refused(
        self, package: str, code: str, simulator: Simulator, tmp_path: Path
    ) -> None:
        simulator.set_clock_offset(3600)
        refused = self.ask(package, code, simulator, tmp_path)
        assert refused["ResponseMetadata"]["Error"]["Code"] == "InvalidTimestamp"


class TestUiPath:
    """The vendor's client for tokens."""

    def ask(self, code: str, simulator: Simulator, home: Path, **other: str) -> Any:
        keys = {**simulator.credentials("uipath"), "scope": "PM.License.Read", **other}
        return run("uipath", code, [simulator.origin, keys["client_id"], keys["client_secret"], keys["scope"]], home)

    def test_client_credentials_get_a_token_that_opens_the_usage_calls(
        self, simulator: Simulator, tmp_path: Path
    ) -> None:
        token, other, kind, seconds, scope = self.ask(IDENTITY, simulator, tmp_path)
        assert (kind, seconds, scope) == ("Bearer", 3600, "PM.License.Read")
        assert token != other
        organization = simulator.credentials("uipath")["organization_id"]
        client = metertap.UiPath(organization_id=organization, token=token, base_url=simulator.base_url("uipath"))
        expected = simulator.client("uipath").consumption_summary("2026-02-01", "2026-03-01", "AIU")
        assert client.consumption_summary("2026-02-01", "2026-03-01", "AIU") == expected

    @pytest.mark.parametrize(
        ("other", "error"),
        [
            ({"client_secret": "wrong"}, "invalid_client"),
            ({"client_id": "wrong"}, "invalid_client"),
            ({"scope": "OR.Execution"}, "invalid_scope"),
        ],
    )
    def test_what_is_wrong_is_refused(
        self, other: dict[str, str], error: str, simulator: Simulator, tmp_path: Path
    ) -> None:
        assert self.ask(IDENTITY, simulator, tmp_path, **other) == [400, error]

    def test_the_service_for_external_applications_takes_the_answers(
        self, simulator: Simulator, tmp_path: Path
    ) -> None:
        assert self.ask(EXTERNAL_APPLICATION, simulator, tmp_path) == "Bearer"
        assert self.ask(EXTERNAL_APPLICATION, simulator, tmp_path, client_secret="wrong") == "EnrichedException"
