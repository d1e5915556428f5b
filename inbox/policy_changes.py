"""What a lead changes of the policies and the business hours: stored, written down and carried out."""

from datetime import datetime

from accounts import audit
from accounts.models import Membership
from accounts.refusals import Refused
from inbox import policy_preview, recomputing, targets
from inbox.hours import WEEKDAYS, Hours, windows_text
from inbox.models import BusinessHours, SlaPolicy
from inbox.policies import all_policies, business_hours, in_force
from inbox.promises import promises, titles
from inbox.proposing import Wish, promise_of, proposed, span

POLICY_SAVED, POLICY_WITHDRAWN, HOURS_SAVED = "policy_saved", "policy_withdrawn", "business_hours_saved"
ACTIONS = (POLICY_SAVED, POLICY_WITHDRAWN, HOURS_SAVED)


def save_policy(wish: Wish, *, by: Membership, now: datetime) -> SlaPolicy:
    """Store a policy as a new version and have the running deadlines brought in line; raises Refused."""
    row = proposed(wish, by=by, now=now)
    before = holds(wish, now=now)
    nothing_new = wish.account is None or (before is not None and before.account_id is not None)
    if before is not None and nothing_new and _words(before) == _words(row):
        raise Refused("Nothing would change: this is what holds already.")
    row.save(force_insert=True)
    title = promise_of(wish.marketplace, wish.kind, now=now).title
    audit.record(
        tenant_id=row.tenant_id,
        by=by,
        action=POLICY_WITHDRAWN if wish.withdrawn else POLICY_SAVED,
        subject=f"{wish.account.name if wish.account else wish.marketplace.title()}: {title}",
        details={
            "before": _words(before) if before else "nothing",
            "after": _words(holds(wish, now=now) or row),
            "from": "what runs now" if wish.running_too else "what begins from now on",
        },
        now=now,
    )
    recomputing.wanted(by_id=by.pk, now=now)
    return row


def save_hours(hours: Hours, *, by: Membership, now: datetime) -> BusinessHours:
    """Store the business hours and have the running targets counted anew; raises Refused."""
    before = business_hours()
    if before == hours and BusinessHours.objects.exists():
        raise Refused("Nothing would change: these are the hours already.")
    if not policy_preview.longest_target(hours, now=now):
        raise Refused("With these hours a target in use would never come; open longer or shorten the target.")
    row = BusinessHours(
        time_zone=hours.zone.key,
        week=[[[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in day] for day in hours.week],
        holidays={day.isoformat(): name for day, name in hours.holidays.items()},
        saved_at=now,
        saved_by=by,
    )
    row.save(force_insert=True)
    audit.record(
        tenant_id=row.tenant_id,
        by=by,
        action=HOURS_SAVED,
        subject="business hours",
        details={"before": hours_words(before), "after": hours_words(hours)},
        now=now,
    )
    recomputing.wanted(by_id=by.pk, now=now)
    return row


def subject_words(subject: str) -> str:
    """What an entry is about; those of before name the kind of deadline instead of its title."""
    whose, colon, kind = subject.rpartition(": ")
    own = {each.kind: each.title for each in promises() if each.marketplace == whose.lower()}
    return f"{whose}{colon}{own.get(kind) or titles().get(kind, kind)}"


def holds(wish: Wish, *, now: datetime) -> SlaPolicy | None:
    """What holds for a deadline of this kind that begins now: the account's, or the marketplace's."""
    account_id = wish.account.pk if wish.account else None
    policies = all_policies()
    return in_force(policies, marketplace=wish.marketplace, account_id=account_id, kind=wish.kind, at=now)


def hours_words(hours: Hours) -> str:
    """Business hours in a line: the days that open alike together."""
    parts: list[tuple[str, str, str]] = []
    for name, windows in zip(WEEKDAYS, hours.week, strict=True):
        text = windows_text(windows) or "closed"
        if parts and parts[-1][2] == text:
            parts[-1] = (parts[-1][0], name[:3], text)
        else:
            parts.append((name[:3], name[:3], text))
    days = "; ".join(f"{a if a == b else f'{a}-{b}'} {text}" for a, b, text in parts)
    return f"{days} ({hours.zone.key}), {len(hours.holidays)} holidays"


def _words(policy: SlaPolicy) -> str:
    target = f"target {span(policy.target_minutes)}" if policy.target_minutes else "no target"
    minutes = targets.warning_of(policy)
    warning = f"warns {span(minutes)} before" if minutes else "no warning"
    return f"{span(policy.allowance_minutes)}, {target}, {warning}, tells {policy.get_told_display().lower()}"
