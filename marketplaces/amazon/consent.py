"""A seller lets an application in: the page at Seller Central, and the code it sends back (SP-API, "Website
authorization workflow")."""

from urllib.parse import urlencode

import httpx

from marketplaces import transport
from marketplaces.errors import AuthRevoked, Refused, Temporary, Throttled
from marketplaces.wire import decoded


def consent_url(site: str, *, application_id: str, state: str, redirect_uri: str) -> str:
    """Where the seller is asked, as the owner of the account."""
    asked = {"application_id": application_id, "state": state, "redirect_uri": redirect_uri}
    return f"{site.rstrip('/')}/apps/authorize/consent?{urlencode(asked)}"


def redeemed(login_host: str, *, code: str, client_id: str, client_secret: str, redirect_uri: str) -> str:
    """The refresh token behind the code; raises ApiError. The code is good once, for five minutes."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
        "client_secret": client_secret,
        "redirect_uri": redirect_uri,
    }
    try:
        with transport.client() as client:
            response = client.post(f"{login_host.rstrip('/')}/auth/o2/token", data=form)
    except httpx.HTTPError as error:
        raise Temporary("Login with Amazon cannot be reached.") from error
    data = decoded(response.content)
    said = data.get("error") if isinstance(data, dict) else None
    if response.status_code == 429:
        raise Throttled("Amazon asks for a pause before it gives out a token.", retry_after=60)
    if said == "invalid_grant":
        raise AuthRevoked("Amazon's consent is no longer good; it holds for five minutes.")
    if isinstance(said, str) and response.is_client_error:
        raise Refused("Amazon does not know this application's client id and secret.", code=said[:80])
    token = data.get("refresh_token") if isinstance(data, dict) and response.is_success else None
    if not isinstance(token, str) or not token:
        raise Temporary(f"Asked for a token, Amazon answered with {response.status_code} and none.")
    return token
