"""Tell people that a deadline comes near or has passed: once, in the app and by mail."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.models import Membership, Role, Tenant
from accounts.tenancy import tenant_tx
from accounts.upserting import upsert
from inbox import alarm_mail, events, sla, targets
from inbox.models import Deadline, Heard, Notice, NoticeKind, SlaPolicy, Told
from inbox.policies import all_policies, policy_for
from marketplaces.models import AccountAccess

MOST_LINES = 20


@dataclass(slots=True)
class _People:
    """Who can be told in a tenant, and which seller accounts they see."""

    active: dict[int, Membership]
    leads: list[Membership]
    admins: list[Membership]
    seen: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def sees(self, member: Membership, account_id: int) -> bool:
        """Whether a deadline of the account is any of the member's business."""
        return not member.restricted or account_id in self.seen[member.pk]


def tell(
    deadline_ids: Iterable[int], *, tenant_id: int, now: datetime, send: alarm_mail.Send = alarm_mail.send
) -> int:
    """Tell of these deadlines if their moment has come and they still run; returns how many were told of.

    Each is told of once as coming near and once as late; several at once are one mail for each person.
    """
    with tenant_tx(tenant_id):
        # Looked at again under the lock: a reply, or another sweeper, may have been quicker.
        due = list(
            Deadline.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("conversation__account")
            .filter(pk__in=list(deadline_ids), stopped_at__isnull=True, tell_at__lte=now)
            .order_by("due_at", "pk")
        )
        if not due:
            return 0
        policies, people = all_policies(), _people(tenant_id)
        told: defaultdict[int, list[Notice]] = defaultdict(list)
        for deadline in due:
            for notice in _tell_of(deadline, policies, people, now=now):
                told[notice.member_id].append(notice)
        Deadline.objects.bulk_update(due, ["heard", "tell_at"])
        tenant = Tenant.objects.get(pk=tenant_id)
        for member_id, notices in told.items():
            # What was told before stays told: a second sweep must not say it again.
            upsert(Notice, notices, ("member", "deadline", "kind", "due_at"), ("rule",))
            _mail(people.active[member_id], tenant, notices, send, now=now)
        return len(due)


def _tell_of(
    deadline: Deadline, policies: list[SlaPolicy], people: _People, *, now: datetime
) -> list[Notice]:
    policy = policy_for(policies, deadline.conversation.account, deadline.kind, deadline.started_at)
    late = deadline.due_at <= now
    deadline.heard = Heard.LATE if late else Heard.WARNED
    deadline.tell_at = targets.next_telling(deadline, warn_minutes=0)
    members = _told(deadline, Told.LEADS if late or policy is None else Told(policy.told), people)
    if members:
        names = ", ".join(member.user.name for member in members)
        kind = "escalated" if late else "warned"
        events.record(deadline.conversation, kind, at=now, rule=deadline.rule, names=names)
    return [
        Notice(
            tenant_id=deadline.tenant_id,
            member=member,
            conversation=deadline.conversation,
            deadline=deadline,
            kind=NoticeKind.LATE if late else NoticeKind.WARNING,
            rule=deadline.rule,
            due_at=deadline.due_at,
            at=now,
        )
        for member in members
    ]


def _told(deadline: Deadline, who: Told, people: _People) -> list[Membership]:
    account_id = deadline.conversation.account_id
    leads = [lead for lead in people.leads if people.sees(lead, account_id)] or people.admins
    assignee = people.active.get(deadline.conversation.assignee_id or 0)
    if assignee is None or not people.sees(assignee, account_id) or who == Told.LEADS:
        return leads
    others = [lead for lead in leads if lead.pk != assignee.pk]
    return [assignee, *others] if who == Told.ASSIGNEE_AND_LEADS else [assignee]


def _people(tenant_id: int) -> _People:
    """The leads are the members of that role; where none sees an account, the admins stand in for them."""
    rows = Membership.objects.filter(tenant_id=tenant_id, is_active=True, user__is_active=True)
    members = list(rows.exclude(role=Role.WAREHOUSE).select_related("user", "tenant").order_by("pk"))
    people = _People(
        {member.pk: member for member in members},
        [member for member in members if member.role == Role.LEAD],
        [member for member in members if member.role == Role.ADMIN],
    )
    for member_id, account_id in AccountAccess.objects.values_list("membership_id", "account_id"):
        people.seen[member_id].add(account_id)
    return people


def _mail(
    member: Membership, tenant: Tenant, notices: list[Notice], send: alarm_mail.Send, *, now: datetime
) -> None:
    late = sum(notice.kind == NoticeKind.LATE for notice in notices)
    soon = len(notices) - late
    parts = [f"{count} {what}" for count, what in ((late, "late"), (soon, "due soon")) if count]
    lines = [_line(notice, tenant, member, now=now) for notice in notices[:MOST_LINES]]
    if len(notices) > MOST_LINES:
        lines.append(f"… and {len(notices) - MOST_LINES} more: {alarm_mail.link(tenant, 'warnings')}")
    words = "\n".join(lines)
    text = f"Deadlines in {tenant.name} that need somebody:\n\n{words}\n\nNothing is sent by itself.\n"
    first = notices[0]
    key = f"deadlines:{member.pk}:{first.deadline_id}:{first.kind}:{first.due_at.isoformat()}"
    send(member.user.email, f"Deadlines: {' and '.join(parts)}", text, key[:100], now)


def _line(notice: Notice, tenant: Tenant, member: Membership, *, now: datetime) -> str:
    due = notice.due_at.astimezone(ZoneInfo(member.time_zone))
    left = sla.time_left(notice.due_at, now).text
    left = left if notice.kind == NoticeKind.LATE else f"{left} left"
    number = notice.conversation.number
    link = alarm_mail.link(tenant, "conversation", number=number)
    return f"#{number}: {notice.rule}, due {due:%a %d %b %H:%M} ({left})\n{link}"
