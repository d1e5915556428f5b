"""The pages on which a person lets a program in: Amazon's for a seller account, the providers' for a mailbox.

Amazon: section 2.1 of the Amazon field notes. Mailboxes: the authorization code grant of RFC 6749, 4.1.
"""

import hashlib
import hmac
import html
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from simulator import apps
from simulator.accounts import Accounts, SellerAccount
from simulator.http import Request, Response
from simulator.mistakes import Mistake
from simulator.tokens import Tokens

_LIFE = 3600
_AMAZON_PAGE = "/apps/authorize/consent"


@dataclass(frozen=True)
class _Code:
    """What somebody agreed to, to be fetched once."""

    address: str
    client_id: str
    redirect_uri: str


class Consent:
    """Asks people, hands out codes, and knows which token opens which mailbox."""

    def __init__(self, accounts: Accounts, *, seed: int) -> None:
        self._accounts, self._seed = accounts, seed
        self._codes: dict[str, _Code] = {}
        self._tokens = Tokens("ya29.", _LIFE)

    async def answer(self, request: Request) -> Response:
        """A consent page, the answer to it, or a mail provider's token."""
        if request.path == _AMAZON_PAGE:
            return self._amazon(request)
        provider, _, what = request.path.removeprefix("/consent/").partition("/")
        if provider in apps.MAIL and what == "authorize":
            return self._mailbox(request, provider)
        if provider in apps.MAIL and what == "token" and request.method == "POST":
            return self._mail_token(request.form(), provider)
        raise Mistake(f"There is nothing at {request.path}.", status=404)

    def redeem(self, code: str, client_id: str) -> SellerAccount | None:
        """The account a code was given for; a code is good once, and for one program."""
        found = self._codes.pop(code, None)
        return self._accounts.get(found.address) if found and found.client_id == client_id else None

    def opens(self, address: str, token: str) -> bool:
        """Whether an access token opens that mailbox now."""
        return address in self._tokens.opens(token)

    def _amazon(self, request: Request) -> Response:
        query = request.query
        client_id = next(
            (
                client_id
                for application_id, client_id in self._applications()
                if application_id == query.get("application_id")
            ),
            "",
        )
        if not client_id:
            raise Mistake("MD1000: no application has this id.", status=400)
        sellers = self._accounts.of_marketplace("amazon")
        if request.method != "POST":
            return _page("Amazon Seller Central", "this application", sellers)
        account = self._accounts.need(request.form().get("account"))
        code = self._code(account, client_id, query.get("redirect_uri", ""))
        return _back(
            query,
            {"selling_partner_id": account.api.seller_id, "spapi_oauth_code": code}
            if _allowed(request)
            else {"error": "access_denied"},
        )

    def _applications(self) -> list[tuple[str, str]]:
        """Application and client ids: the registered one, and one of each seller's own making."""
        own = [
            (f"amzn1.sp.solution.{account.api.seller_id.lower()}", account.api.client_id)
            for account in self._accounts.of_marketplace("amazon")
        ]
        return [(apps.AMAZON.application_id, apps.AMAZON.client_id), *own]

    def _mailbox(self, request: Request, provider: str) -> Response:
        query = request.query
        if query.get("client_id") != apps.MAIL[provider].client_id or query.get("response_type") != "code":
            raise Mistake("invalid_client: the program is not registered here.", status=400)
        if request.method != "POST":
            owners = [
                account
                for account in self._accounts.all()
                if query.get("login_hint", "") in ("", account.address)
            ]
            return _page(provider.title(), "the mail of", owners)
        account = self._accounts.need(request.form().get("account"))
        code = self._code(account, query["client_id"], query.get("redirect_uri", ""))
        return _back(query, {"code": code} if _allowed(request) else {"error": "access_denied"})

    def _code(self, account: SellerAccount, client_id: str, redirect_uri: str) -> str:
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Code(account.address, client_id, redirect_uri)
        return code

    def _mail_token(self, form: dict[str, str], provider: str) -> Response:
        app = apps.MAIL[provider]
        if (form.get("client_id"), form.get("client_secret")) != (app.client_id, app.client_secret):
            return _no(401, "invalid_client")
        account: SellerAccount | None = None
        if form.get("grant_type") == "authorization_code":
            account = self.redeem(form.get("code", ""), app.client_id)
        elif form.get("grant_type") == "refresh_token":
            address = form.get("refresh_token", "").rpartition(".")[0]
            owner = self._accounts.get(address)
            if owner and hmac.compare_digest(self._refresh_token(owner, provider), form["refresh_token"]):
                account = owner
        if account is None:
            return _no(400, "invalid_grant")
        return Response.json(
            {
                "access_token": self._tokens.issue((account.address,)),
                "refresh_token": self._refresh_token(account, provider),
                "token_type": "Bearer",
                "expires_in": _LIFE,
            }
        )

    def _refresh_token(self, account: SellerAccount, provider: str) -> str:
        """Good for as long as the mailbox keeps its password, as with the real providers."""
        proof = hashlib.sha256(f"{self._seed}/{provider}/{account.address}/{account.password}".encode())
        return f"{account.address}.{proof.hexdigest()[:32]}"


def _allowed(request: Request) -> bool:
    return request.form().get("answer") == "allow"


def _no(status: int, error: str) -> Response:
    return Response.json({"error": error, "error_description": "No."}, status)


def _back(query: dict[str, str], answer: dict[str, str]) -> Response:
    """Send the person back to the program, with its own state."""
    target = query.get("redirect_uri", "")
    if not target.startswith(("http://", "https://")):
        raise Mistake("redirect_uri_mismatch: the program did not say where to go back to.")
    return Response(
        303,
        b"",
        "text/plain",
        {"Location": f"{target}?{urlencode(answer | {'state': query.get('state', '')})}"},
    )


def _page(company: str, what: str, accounts: list[SellerAccount]) -> Response:
    choices = "".join(
        f'<label><input type="radio" name="account" value="{html.escape(account.address)}"'
        f"{' checked' if index == 0 else ''}> "
        f"{html.escape(account.name)} ({html.escape(account.address)})</label><br>"
        for index, account in enumerate(accounts)
    )
    body = (
        f'<!doctype html><html lang=en><title>{company} (simulated)</title><link rel=icon href="data:,">'
        f"<h1>{company} (simulated)</h1>"
        f"<form method=post><p>Do you let a program in to {what}:</p>{choices}"
        '<p><button name="answer" value="allow">Allow</button> '
        '<button name="answer" value="deny">Deny</button></p></form></html>'
    )
    return Response(200, body.encode(), "text/html; charset=utf-8")
