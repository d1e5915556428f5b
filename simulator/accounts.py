"""The sellers' accounts at the marketplaces, each with the mailbox registered there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from simulator import ids
from simulator.markets import Market, market_of
from simulator.mistakes import Mistake
from simulator.store import Store

ACCESS = ("full_access", "view_only", "no_access")
_TEXTS = ("marketplace", "market", "name", "address", "password", "registered_sender")


@dataclass(frozen=True)
class ApiKeys:
    """What a program needs to read this account through the marketplace's API.

    `refresh_token` is Amazon's. `revoked`: the seller has withdrawn it. `empty_is_404`: Walmart answers an
    empty list with 404, as some sellers see it. `scopes`: full_access, view_only or no_access by resource,
    where it is not the usual.
    """

    client_id: str
    client_secret: str
    seller_id: str
    refresh_token: str = ""
    revoked: bool = False
    empty_is_404: bool = False
    scopes: dict[str, str] = field(default_factory=dict)

    @property
    def consent_token(self) -> str:
        """The refresh token of the program registered with Amazon, once the seller has let it in."""
        return f"{self.refresh_token}.registered"

    @classmethod
    def made_for(cls, marketplace: str, address: str, seed: int) -> "ApiKeys":
        """Believable ones, always the same for an address."""
        rng = Random(f"{seed}/api/{address}")
        if marketplace == "amazon":
            return cls(
                client_id=f"amzn1.application-oa2-client.{ids.hexes(rng, 32)}",
                client_secret=f"amzn1.oa2-cs.v1.{ids.hexes(rng, 64)}",
                seller_id="A"
                + "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(13)),
                refresh_token=f"Atzr|IwEBI{ids.hexes(rng, 120)}",
            )
        raw = ids.hexes(rng, 32)
        return cls(
            client_id=f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}",
            client_secret=f"AL{ids.hexes(rng, 80)}",
            seller_id=ids.digits(rng, 11, "101"),
        )

    def changed(self, facts: object) -> "ApiKeys":
        """These with some of them replaced; raises Mistake for what an account's keys do not have."""
        if not isinstance(facts, Mapping):
            raise Mistake("api is a JSON object.")
        types = {name: type(value) for name, value in asdict(self).items()}
        unknown = set(facts) - set(types)
        if unknown:
            raise Mistake(f"api has no {', '.join(sorted(unknown))}. Known: {', '.join(types)}.")
        wrong = [name for name, value in facts.items() if type(value) is not types[name]]
        if wrong:
            raise Mistake(f"Wrong type in api: {', '.join(wrong)}.")
        if any(access not in ACCESS for access in facts.get("scopes", {}).values()):
            raise Mistake(f"scopes has one of {', '.join(ACCESS)} for a resource.")
        return replace(self, **facts)


@dataclass(frozen=True)
class SellerAccount:
    """One seller at one marketplace; `address` and `password` are the mailbox's login."""

    marketplace: str
    market: str
    name: str
    address: str
    password: str
    registered_sender: str
    confirmations: bool
    api: ApiKeys = field(repr=False)

    @property
    def site(self) -> Market:
        """The marketplace's national site this account sells on."""
        return market_of(self.marketplace, self.market)

    @property
    def domain(self) -> str:
        """The mailbox's domain."""
        return self.address.rpartition("@")[2]


class Accounts:
    """All seller accounts by the address of their mailbox."""

    def __init__(self, store: Store, *, seed: int) -> None:
        self._store, self._seed = store, seed
        self._by_address = {facts["address"]: self._read(facts) for facts in store.accounts()}

    def get(self, address: str) -> SellerAccount | None:
        """The account of that mailbox, if there is one."""
        return self._by_address.get(address.strip().lower())

    def need(self, address: object) -> SellerAccount:
        """The account of that mailbox; raises Mistake when there is none."""
        account = self.get(address) if isinstance(address, str) else None
        if account is None:
            raise Mistake(f"There is no seller account with the address {address!r}.", status=404)
        return account

    def all(self) -> list[SellerAccount]:
        """Every account, oldest first."""
        return list(self._by_address.values())

    def open(self, facts: Mapping[str, Any]) -> SellerAccount:
        """Make an account, or change the one with this address to what is given."""
        _check_types(facts)
        missing = [
            name for name in ("marketplace", "market", "name", "address", "password") if not facts.get(name)
        ]
        if missing:
            raise Mistake(f"A seller account also needs: {', '.join(missing)}.")
        address = facts["address"].strip().lower()
        if address.count("@") != 1:
            raise Mistake(f"{facts['address']!r} is not a mail address.")
        before = self.get(address)
        if before is not None and before.marketplace == facts["marketplace"]:
            keys = before.api
        else:
            keys = ApiKeys.made_for(facts["marketplace"], address, self._seed)
        account = SellerAccount(
            marketplace=facts["marketplace"],
            market=facts["market"],
            name=facts["name"],
            address=address,
            password=facts["password"],
            registered_sender=(facts.get("registered_sender") or address).strip().lower(),
            confirmations=facts.get("confirmations", facts["marketplace"] == "amazon"),
            api=keys.changed(facts.get("api") or {}),
        )
        _ = account.site
        return self._keep(account)

    def change(self, address: str, facts: Mapping[str, Any]) -> SellerAccount:
        """Change password, registered sender, name, confirmations or API keys of an account."""
        _check_types(facts)
        fixed = set(facts) & {"marketplace", "market", "address"}
        if fixed:
            raise Mistake(f"This cannot be changed later: {', '.join(sorted(fixed))}.")
        changes = dict(facts)
        if "registered_sender" in changes:
            changes["registered_sender"] = changes["registered_sender"].strip().lower()
        account = self.need(address)
        if "api" in changes:
            changes["api"] = account.api.changed(changes["api"])
        return self._keep(replace(account, **changes))

    def of_marketplace(self, marketplace: str) -> list[SellerAccount]:
        """Every account at that marketplace, oldest first."""
        return [account for account in self._by_address.values() if account.marketplace == marketplace]

    def _read(self, facts: dict[str, Any]) -> SellerAccount:
        keys = facts.get("api")
        made = (
            ApiKeys(**keys) if keys else ApiKeys.made_for(facts["marketplace"], facts["address"], self._seed)
        )
        return SellerAccount(**{**facts, "api": made})

    def _keep(self, account: SellerAccount) -> SellerAccount:
        self._by_address[account.address] = account
        self._store.save_account(account.address, asdict(account))
        return account


def _check_types(facts: Mapping[str, Any]) -> None:
    unknown = set(facts) - {*_TEXTS, "confirmations", "api"}
    if unknown:
        raise Mistake(f"A seller account has no {', '.join(sorted(unknown))}.")
    wrong = [name for name in _TEXTS if name in facts and not isinstance(facts[name], str)]
    if wrong or not isinstance(facts.get("confirmations", True), bool):
        raise Mistake(f"Wrong type: {', '.join(wrong or ['confirmations'])}.")
