"""What travels through the broker names rows and nothing in them."""

import inspect

import pytest

from accounts import tasks as account_tasks
from accounts.tenant_task import TenantTask
from cases import tasks as case_tasks
from helpdesk.celery import app as celery
from inbox import tasks
from marketplaces import tasks as connecting_tasks
from orders import tasks as order_tasks
from reports import tasks as report_tasks

OURS = {
    name: task
    for name, task in celery.tasks.items()
    if name.startswith(("accounts.", "cases.", "inbox.", "marketplaces.", "orders.", "reports."))
}
# They look at all tenants, and see due moments only, by another login.
RINGS = {
    case_tasks.ring_due_packs.name,
    case_tasks.ring_follow_ups.name,
    case_tasks.ring_late_checks.name,
    case_tasks.ring_purges.name,
    tasks.ring_due_audits.name,
    tasks.ring_due_backfills.name,
    tasks.ring_due_mailboxes.name,
    tasks.ring_purges.name,
    tasks.ring_recomputations.name,
    connecting_tasks.ring_due_connections.name,
    order_tasks.ring_due_reads.name,
    account_tasks.ring_due_mails.name,
    report_tasks.ring_checks.name,
    report_tasks.ring_roll_ups.name,
}


def test_every_task_takes_ids_and_nothing_else() -> None:
    for name, task in OURS.items():
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.annotation is int, (name, parameter)
            assert parameter.name.endswith("_id"), (name, parameter)
            assert parameter.default is inspect.Parameter.empty, (name, parameter)


def test_every_task_about_a_tenants_rows_says_whose_they_are() -> None:
    assert {name for name, task in OURS.items() if not isinstance(task, TenantTask)} == RINGS
    for name, task in OURS.items():
        if isinstance(task, TenantTask):
            tenant = inspect.signature(task.run).parameters["tenant_id"]
            assert tenant.kind is inspect.Parameter.KEYWORD_ONLY, name


@pytest.mark.parametrize("kwargs", [None, {}, {"tenant_id": None}, {"tenant_id": "1"}])
def test_a_task_is_not_enqueued_without_its_tenant(kwargs: dict[str, object] | None) -> None:
    with pytest.raises(TypeError, match="tenant_id"):
        tasks.read_raw.apply_async((1,), kwargs)
