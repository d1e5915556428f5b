"""How fast buyers were answered, by whom and where."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count as CountOf

from accounts.access import may
from accounts.models import Membership
from accounts.tenancy import current_tenant_id
from inbox.models import Conversation
from marketplaces.models import SellerAccount
from marketplaces.types import FACTS
from reports.figures.percentiles import MEDIAN, P90, disc
from reports.figures.present import narrow
from reports.figures.reading import Whose, totals
from reports.shapes import Narrowed, Period, Speed
from reports.tally import Count

NOBODY = "Nobody"


@dataclass(frozen=True, slots=True)
class Speeds:
    """All three tables, which are sums of the same hours."""

    agents: list[Speed]
    accounts: list[Speed]
    marketplaces: list[Speed]


def speeds(period: Period, now: datetime, narrowed: Narrowed) -> Speeds:
    """The three tables in four statements; by name."""
    counts, open_now = totals(period.begins_at, period.ends_at, narrowed), _open(narrowed)
    accounts = {account.pk: account for account in SellerAccount.objects.order_by("name")}
    shown = {
        pk: account
        for pk, account in accounts.items()
        if narrowed.account_id in (0, pk) and (account.is_connected or _any(counts, pk))
    }

    def table(key_of: Callable[[Whose], str], names: dict[str, str]) -> list[Speed]:
        return _table(counts, open_now, key_of, names)

    def marketplace(pk: int) -> str:
        return accounts[pk].marketplace.value

    return Speeds(
        agents=table(lambda whose: str(whose.member_id or ""), _agents([*counts, *open_now])),
        accounts=table(
            lambda whose: str(whose.account_id), {str(pk): account.name for pk, account in shown.items()}
        ),
        marketplaces=table(
            lambda whose: marketplace(whose.account_id),
            {marketplace(pk): FACTS[account.marketplace].name for pk, account in shown.items()},
        ),
    )


def by_agent(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a member who answers buyers or did so in the period, and one for what nobody had."""
    return speeds(period, now, narrowed).agents


def by_account(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a seller account."""
    return speeds(period, now, narrowed).accounts


def by_marketplace(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a marketplace."""
    return speeds(period, now, narrowed).marketplaces


def _open(narrowed: Narrowed) -> Counter[Whose]:
    rows = narrow(Conversation.objects.filter(queue_at__isnull=False), narrowed)
    counted = rows.order_by().values_list("account_id", "assignee_id").annotate(count=CountOf("pk"))
    return Counter({Whose(account_id, member_id): count for account_id, member_id, count in counted})


def _any(counts: Iterable[Whose], account_id: int) -> bool:
    return any(whose.account_id == account_id for whose in counts)


def _agents(seen: list[Whose]) -> dict[str, str]:
    """Names by member, in order: all who may answer buyers, and all who have something to show."""
    ids = {whose.member_id for whose in seen}
    members = Membership.objects.filter(tenant=current_tenant_id()).select_related("user")
    names = {
        str(member.pk): member.user.name
        for member in members.order_by("user__name", "pk")
        if member.pk in ids or (member.is_active and may(member, "converse"))
    }
    return names | ({"": NOBODY} if None in ids else {})


def _table(
    counts: dict[Whose, Count],
    open_now: Counter[Whose],
    key_of: Callable[[Whose], str],
    names: dict[str, str],
) -> list[Speed]:
    sums: defaultdict[str, Count] = defaultdict(Count)
    standing: Counter[str] = Counter()
    for whose, count in counts.items():
        sums[key_of(whose)].add(count)
    for whose, number in open_now.items():
        standing[key_of(whose)] += number
    return [_speed(key, name, sums[key], standing[key]) for key, name in names.items()]


def _speed(key: str, name: str, count: Count, standing: int) -> Speed:
    first, resolution = count.first_response_seconds, count.resolution_seconds
    return Speed(
        key=key,
        name=name,
        open=standing,
        sent=count.sent,
        first_median=disc(first, MEDIAN),
        first_p90=disc(first, P90),
        resolved=len(resolution),
        resolution_median=disc(resolution, MEDIAN),
        resolution_p90=disc(resolution, P90),
        late=count.missed,
        reopened=count.reopened,
    )
