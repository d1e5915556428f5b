"""Each night an account is compared with what is out there: what is missing is fetched and told."""

from datetime import date, datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import intake
from inbox.auditing import ReportOf, ResponseReport, audit, stored_report
from inbox.models import Message
from marketplaces import auditing
from marketplaces.models import AuditResult, InboundRaw, SellerAccount
from orders.models import PurchaseOrder
from tests.completeness.mailbox import ask, fetch, fill, old_mail, poll, uids_here
from tests.orders.test_sync import begin, everything_is_here, read, without_limits
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World, arrive, walmart_mail

NIGHT = timedelta(minutes=30)  # from now: past what the next reading of a stream still looks at


def audited(
    account: SellerAccount, *, now: datetime | None = None, report_of: ReportOf = stored_report
) -> dict[str, AuditResult]:
    """The account is compared as by its task; the results of the day by part."""
    now = now or timezone.now()
    with tenant_tx(account.tenant_id):
        auditing.ask(account, now=now)

    def arrived(raw_ids: list[int]) -> None:
        intake.read_many(raw_ids, tenant_id=account.tenant_id)

    audit(account.pk, tenant_id=account.tenant_id, now=now, arrived=arrived, report_of=report_of)
    with tenant_tx(account.tenant_id):
        return {row.part: row for row in AuditResult.objects.filter(account=account).order_by("day")}


def test_a_mailbox_that_is_all_here_is_equal(account: SellerAccount, provider: SimulatorProcess) -> None:
    fill(provider.control, account, [timedelta(minutes=minutes) for minutes in range(5)])
    poll(account)
    found = audited(account)["mail"]
    assert (found.state, found.theirs, found.ours) == ("equal", 5, 5)
    assert found.words == "All 5 mails of the last 7 days are here."
    # What has come since the last poll is not missing; it is the next poll's.
    provider.control.mail(account.sender_address, old_mail(account, 9, timezone.now()))
    assert audited(account)["mail"].state == "equal"


def test_a_mail_that_is_missing_is_fetched_once_and_named(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    uids = fill(provider.control, account, [timedelta(minutes=minutes) for minutes in range(5)])
    poll(account)
    with tenant_tx(account.tenant_id):
        lost = InboundRaw.objects.get(source_key__endswith=f":{uids[2]}")
        Message.objects.filter(raw=lost).delete()
        lost.delete()
    found = audited(account)["mail"]
    assert (found.state, found.fetched, found.missing) == ("mended", 1, [f"Inbox, mail {uids[2]}"])
    assert "was missing or old here and has been fetched" in found.words
    assert uids_here(account) == uids
    with tenant_tx(account.tenant_id):
        assert Message.objects.count() == len(uids)
    assert audited(account)["mail"].state == "equal"


def test_a_mail_that_retention_has_emptied_is_not_missing(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    fill(provider.control, account, [timedelta(minutes=1)])
    poll(account)
    with tenant_tx(account.tenant_id):
        InboundRaw.objects.update(content=b"")
    assert audited(account)["mail"].state == "equal"


def test_mail_from_before_the_history_is_not_missing_and_that_of_it_is(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    uids = fill(provider.control, account, [timedelta(days=5), timedelta(minutes=1)])
    poll(account)
    assert (audited(account)["mail"].state, uids_here(account)) == ("equal", uids[1:])
    fetch(ask(account, days=30))
    with tenant_tx(account.tenant_id):
        Message.objects.all().delete()
        InboundRaw.objects.filter(source_key__endswith=f":{uids[0]}").delete()
    assert audited(account)["mail"].state == "mended"
    assert uids_here(account) == uids


def test_a_mailbox_that_is_away_was_not_compared(account: SellerAccount, provider: SimulatorProcess) -> None:
    provider.stop()
    found = audited(account)["mail"]
    assert found.state == "failed"
    assert "does not answer" in found.words


@pytest.fixture(params=["walmart", "amazon"])
def shop(request: pytest.FixtureRequest) -> SellerAccount:
    """Each marketplace in turn, with a few days of orders read."""
    found: SellerAccount = request.getfixturevalue(request.param)
    control: Control = request.getfixturevalue("control")
    control.place_orders(found.sender_address, 30)
    read(begin(found)["orders"], now=timezone.now() + NIGHT)
    without_limits(found)
    return found


def test_orders_that_are_missing_or_old_are_fetched_and_named(shop: SellerAccount, control: Control) -> None:
    now = timezone.now() + NIGHT
    before = audited(shop, now=now)["orders"]
    assert (before.state, before.missing) == ("equal", [])
    assert before.theirs == before.ours > 1
    with tenant_tx(shop.tenant_id):
        lost, old = PurchaseOrder.objects.filter(account=shop).order_by("-modified_at")[:2]
        PurchaseOrder.objects.filter(pk=old.pk).update(
            modified_at=old.modified_at - timedelta(hours=1), fingerprint="former"
        )
        lost.delete()
    without_limits(shop)
    found = audited(shop, now=now)["orders"]
    assert (found.state, found.theirs, found.ours, found.fetched) == (
        "mended",
        before.theirs,
        before.theirs - 2,
        2,
    )
    named = {f"{lost.external_id}: it was not here", f"{old.external_id}: ours was older"}
    assert set(found.missing) == named
    everything_is_here(shop, control)


def test_a_limit_puts_the_rest_off_and_the_comparison_goes_on(shop: SellerAccount, control: Control) -> None:
    now = timezone.now() + NIGHT
    expected = audited(shop, now=now)["orders"].theirs
    without_limits(shop)
    control.fault("api.orders", "throttle", account=shop.sender_address, match="")
    found = audited(shop, now=now)["orders"]
    assert (found.state, found.finished_at) == ("running", None)
    with tenant_tx(shop.tenant_id):
        shop.refresh_from_db()
        assert shop.audit_at is not None
        assert now < shop.audit_at < now + timedelta(hours=1)
    without_limits(shop)
    later = shop.audit_at + timedelta(minutes=1)
    done = audited(shop, now=later)["orders"]
    assert (done.state, done.theirs, done.day) == ("equal", expected, found.day)


def test_a_new_account_is_compared_in_its_first_night_and_then_each(world: World) -> None:
    now = datetime.fromisoformat("2026-11-25T12:00:00+00:00")
    account = world.walmart
    assert account.audit_at is None
    assert auditing.claim(account.pk, tenant_id=account.tenant_id, now=now) is None
    with tenant_tx(account.tenant_id):
        account.refresh_from_db()
    assert account.audit_at is not None
    assert timedelta(hours=13) < account.audit_at - now < timedelta(hours=17)
    turn = auditing.claim(account.pk, tenant_id=account.tenant_id, now=account.audit_at)
    assert turn is not None
    assert (turn.day, turn.goes_on) == (date(2026, 11, 26), False)
    assert auditing.claim(account.pk, tenant_id=account.tenant_id, now=account.audit_at) is None


def test_an_order_in_walmarts_report_of_which_no_message_came_is_named(world: World) -> None:
    now = timezone.now()
    account = world.walmart
    arrive(account, walmart_mail(account, order="200011874402913"))
    orders = frozenset({"200011874402913", "200011874409999"})
    report = ResponseReport(now - timedelta(days=30), now + timedelta(minutes=1), orders)
    found = audited(account, report_of=lambda _: report)["response_rate"]
    assert (found.state, found.theirs, found.ours) == ("differs", 2, 1)
    assert found.missing == ["order 200011874409999: no message is here"]
    heard = ResponseReport(report.since, report.until, frozenset({"200011874402913"}))
    assert audited(account, report_of=lambda _: heard)["response_rate"].state == "equal"
    assert audited(account)["response_rate"].state == "not_possible"


def test_the_fragment_shows_fourteen_days_and_names_each_difference(world: World) -> None:
    today = date(2026, 11, 25)
    with tenant_tx(world.acme.pk):
        for back, state in ((0, "equal"), (3, "differs")):
            AuditResult(
                account=world.walmart,
                day=today - timedelta(days=back),
                part="mail",
                state=state,
                missing=["Inbox, mail 7"] if state == "differs" else [],
                missing_count=2 if state == "differs" else 0,
                words=f"In words: {state}.",
                finished_at=timezone.now(),
            ).save()
        days = auditing.last_days([world.walmart.pk, world.amazon.pk], today=today)
    assert [day.state for day in days[world.walmart.pk]].count("none") == 12
    page = render_to_string("inbox/_audit.html", {"audit_days": days[world.walmart.pk]})
    assert page.count("<li data-state=") == 15  # fourteen days, and the newest one's words
    assert "In words: differs." in page
    assert "Inbox, mail 7" in page
    assert "and 1 more" in page
    assert "first comparison is made tonight" in render_to_string(
        "inbox/_audit.html", {"audit_days": days[world.amazon.pk]}
    )
