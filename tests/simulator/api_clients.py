"""Plain clients of the simulated APIs: they get a token and add what every call needs, nothing else."""

import uuid
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.simulator_client import Control, SimulatorProcess


class WalmartClient:
    """Calls Walmart's API as one seller account."""

    def __init__(self, simulator: SimulatorProcess, address: str) -> None:
        self._http = httpx.Client(base_url=simulator.walmart_api, trust_env=False, timeout=20)
        self.keys = keys_of(simulator.control, address)
        self.headers = {
            "WM_SVC.NAME": "Test",
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            "Accept": "application/json",
        }

    def token(self) -> httpx.Response:
        """Ask for a token and use it from now on."""
        answer = self._http.post(
            "/v3/token",
            auth=(self.keys["client_id"], self.keys["client_secret"]),
            headers=self.headers,
            data={"grant_type": "client_credentials"},
        )
        if answer.status_code == 200:
            self.headers["WM_SEC.ACCESS_TOKEN"] = answer.json()["access_token"]
        return answer

    def get(self, path: str, **query: Any) -> httpx.Response:
        """One call; `path` may bring its own query."""
        if "WM_SEC.ACCESS_TOKEN" not in self.headers:
            self.token()
        return self._http.get(_with(path, query), headers=self.headers)

    def post(self, path: str, body: Any) -> httpx.Response:
        """One call with a JSON body."""
        self.get("/v3/token/detail")  # a token
        return self._http.post(path, json=body, headers=self.headers)

    def delete(self, path: str) -> httpx.Response:
        """One call that removes something."""
        return self._http.delete(path, headers=self.headers)

    def orders(self, **query: Any) -> list[dict[str, Any]]:
        """All pages of GET /v3/orders."""
        found: list[dict[str, Any]] = []
        path = _with("/v3/orders", query)
        while True:
            listed = self.get(path).json()["list"]
            found += listed["elements"]["order"]
            cursor = listed["meta"].get("nextCursor")
            if not cursor:
                return found
            path = f"/v3/orders{cursor}"

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class AmazonClient:
    """Calls Amazon's API as one seller account."""

    def __init__(self, simulator: SimulatorProcess, address: str) -> None:
        self._http = httpx.Client(base_url=simulator.amazon_api, trust_env=False, timeout=20)
        self.keys = keys_of(simulator.control, address)
        self.headers: dict[str, str] = {}

    def token(self) -> httpx.Response:
        """Ask for a token and use it from now on."""
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: self.keys[name] for name in names}}
        answer = self._http.post("/auth/o2/token", data=form)
        if answer.status_code == 200:
            self.headers["x-amz-access-token"] = answer.json()["access_token"]
        return answer

    def get(self, path: str, **query: Any) -> httpx.Response:
        """One call."""
        return self._sent("GET", _with(path, query))

    def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """One call with a JSON body."""
        return self._sent("POST", _with(path, query), json=body)

    def orders(self, **query: Any) -> list[dict[str, Any]]:
        """All pages of searchOrders."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.get("/orders/2026-01-01/orders", **query).json()
            found += answer["orders"]
            token = answer.get("pagination", {}).get("nextToken")
            if not token:
                return found
            query["paginationToken"] = token

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        if not self.headers:
            self.token()
        return self._http.request(method, path, headers=self.headers, **more)


def keys_of(control: Control, address: str) -> dict[str, Any]:
    """The API keys of an account."""
    return next(dict(one["api"]) for one in control.accounts() if one["address"] == address)


def _with(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
