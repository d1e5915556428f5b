"""An admin at the connect wizard, a worker that tries what is entered, and the companies it asks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces import checking, trying
from marketplaces.models import CheckState, ConnectionCheck, ConnectionTrial, SellerAccount
from simulator import apps
from tests.connecting.waiting import until
from tests.marketplaces.conftest import NUMBERS, control, shops
from tests.simulator_client import Control, SimulatorProcess
from tests.web.conftest import Browser, browser_of
from tests.world import World

__all__ = ["control", "shops"]
PASSWORD = "mailbox secret"


def text_of(answer: Any) -> str:
    """What stands on a page, without its marks."""
    words = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return " ".join(unescape(words).split())


@dataclass
class Wizard:
    """An admin's way through the wizard for one simulated seller."""

    world: World
    browser: Browser
    control: Control
    shops: SimulatorProcess
    seller: dict[str, Any]
    account_id: int = 0

    @property
    def account(self) -> SellerAccount:
        """The account as it is stored now."""
        with tenant_tx(self.world.acme.pk):
            return SellerAccount.objects.select_related("tenant").get(pk=self.account_id)

    def address(self, step: str = "") -> str:
        """The address of a step."""
        return f"/t/acme/accounts/{self.account_id}/connection/{step}{'/' if step else ''}"

    def start(self, **changes: str) -> Any:
        """The first step."""
        market = f"{self.seller['marketplace']}-{self.seller['market']}"
        given = {
            "name": f"Shop {next(NUMBERS)}",
            "market": market,
            "sender_address": self.seller["address"],
            **changes,
        }
        answer = self.browser.post(f"/t/acme/accounts/connections/{self.seller['marketplace']}/", given)
        if answer.status_code == 303:
            self.account_id = int(answer["Location"].split("/")[4])
        return answer

    def key(self, **changes: str) -> dict[str, str]:
        """The key as the seller would paste it."""
        api = self.seller["api"]
        if self.seller["marketplace"] == "walmart":
            return {"api_client_id": api["client_id"], "api_client_secret": api["client_secret"], **changes}
        return {
            "lwa_client_id": api["client_id"],
            "lwa_client_secret": api["client_secret"],
            "refresh_token": api["refresh_token"],
            **changes,
        }

    def mailbox(self, **changes: object) -> dict[str, object]:
        """The mailbox as the seller would enter it."""
        imap_host, imap_port = self.shops.imap
        smtp_host, smtp_port = self.shops.smtp
        return {
            "mail_sign_in": "password",
            "imap_user": self.seller["address"],
            "imap_password": PASSWORD,
            "imap_host": imap_host,
            "imap_port": imap_port,
            "imap_security": "plain",
            "smtp_host": smtp_host,
            "smtp_port": smtp_port,
            "smtp_security": "plain",
            **changes,
        }

    def enter(self, step: str, given: dict[str, Any]) -> str:
        """Enter a step, let a worker try it, and read the page that says how it went."""
        answer = self.browser.post(self.address(step), given)
        assert answer.status_code == 303, text_of(answer)
        self.work()
        return text_of(self.browser.get(self.address(step)))

    def work(self) -> None:
        """Do what a worker does for this account until nothing is due at once."""
        tenant = self.world.acme.pk
        with tenant_tx(tenant):
            trials = list(ConnectionTrial.objects.filter(account=self.account_id, next_at__isnull=False))
        for trial in trials:
            trying.run(trial.pk, tenant_id=tenant, now=timezone.now())

    def check(self) -> dict[str, ConnectionCheck]:
        """Let a worker look until every check is through; the checks by name."""
        tenant = self.world.acme.pk

        def through() -> dict[str, ConnectionCheck] | None:
            with tenant_tx(tenant):
                rows = list(ConnectionCheck.objects.filter(account=self.account_id))
            for row in rows:
                if row.next_at is not None and row.next_at <= timezone.now():
                    checking.run(row.pk, tenant_id=tenant, now=timezone.now())
            with tenant_tx(tenant):
                rows = list(ConnectionCheck.objects.filter(account=self.account_id))
            if any(row.state == CheckState.RUNNING for row in rows):
                return None
            return {row.name: row for row in rows}

        return until(through, "the checks")

    def consent(self, kind: str, answer: str = "allow") -> Any:
        """Go out to the company that asks, answer there, and come back; what the page says then."""
        out = self.browser.get(f"{self.address(kind)}consent/")
        assert out.status_code == 302, out.status_code
        with httpx.Client(trust_env=False) as abroad:
            asked = abroad.get(out["Location"])
            assert asked.status_code == 200, asked.text
            back = abroad.post(out["Location"], data={"account": self.seller["address"], "answer": answer})
        back_to = back.headers["Location"].removeprefix("http://localhost:8000")
        return self.browser.get(back_to, follow=True)


MakeWizard = Callable[..., Wizard]


@pytest.fixture
def wizard(world: World, control: Control, shops: SimulatorProcess, settings: Settings) -> MakeWizard:
    """Makes an admin's way to a new simulated seller of that marketplace."""
    settings.ALLOW_PRIVATE_HOSTS = True
    settings.AMAZON_CONSENT_HOSTS = dict.fromkeys(settings.AMAZON_CONSENT_HOSTS, shops.amazon_api)
    settings.MAIL_PROVIDERS = {
        key: facts
        | {
            "client_id": apps.MAIL[key].client_id,
            "client_secret": apps.MAIL[key].client_secret,
            "consent_url": f"{shops.amazon_api}/consent/{key}/authorize",
            "token_url": f"{shops.amazon_api}/consent/{key}/token",
            "imap": f"127.0.0.1:{shops.imap[1]}:plain",
            "smtp": f"127.0.0.1:{shops.smtp[1]}:plain",
        }
        for key, facts in settings.MAIL_PROVIDERS.items()
    }

    def make(marketplace: str, **facts: Any) -> Wizard:
        market = facts.pop("market", "us" if marketplace == "walmart" else "de")
        address = f"shop{next(NUMBERS)}@acme.example"
        seller = control.open_account(
            address, marketplace=marketplace, market=market, password=PASSWORD, **facts
        )
        return Wizard(world, browser_of(world.ada), control, shops, seller)

    return make
