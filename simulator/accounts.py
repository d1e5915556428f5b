"""The sellers' accounts at the marketplaces, each with the mailbox registered there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from simulator.markets import Market, market_of
from simulator.mistakes import Mistake
from simulator.store import Store

_TEXTS = ("marketplace", "market", "name", "address", "password", "registered_sender")


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

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_address = {facts["address"]: SellerAccount(**facts) for facts in store.accounts()}

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
        account = SellerAccount(
            marketplace=facts["marketplace"],
            market=facts["market"],
            name=facts["name"],
            address=address,
            password=facts["password"],
            registered_sender=(facts.get("registered_sender") or address).strip().lower(),
            confirmations=facts.get("confirmations", facts["marketplace"] == "amazon"),
        )
        _ = account.site
        return self._keep(account)

    def change(self, address: str, facts: Mapping[str, Any]) -> SellerAccount:
        """Change password, registered sender, name or confirmations of an account."""
        _check_types(facts)
        fixed = set(facts) & {"marketplace", "market", "address"}
        if fixed:
            raise Mistake(f"This cannot be changed later: {', '.join(sorted(fixed))}.")
        changes = dict(facts)
        if "registered_sender" in changes:
            changes["registered_sender"] = changes["registered_sender"].strip().lower()
        return self._keep(replace(self.need(address), **changes))

    def _keep(self, account: SellerAccount) -> SellerAccount:
        self._by_address[account.address] = account
        self._store.save_account(account.address, asdict(account))
        return account


def _check_types(facts: Mapping[str, Any]) -> None:
    unknown = set(facts) - {*_TEXTS, "confirmations"}
    if unknown:
        raise Mistake(f"A seller account has no {', '.join(sorted(unknown))}.")
    wrong = [name for name in _TEXTS if name in facts and not isinstance(facts[name], str)]
    if wrong or not isinstance(facts.get("confirmations", True), bool):
        raise Mistake(f"Wrong type: {', '.join(wrong or ['confirmations'])}.")
