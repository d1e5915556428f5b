"""One transaction at a time stores what comes from a seller account's marketplace, by mail or by its API."""

from django.db import connection


def lock_account(tenant_id: int, account_id: int) -> None:
    """Hold the account until the transaction ends, so that two never open two things for one matter.

    To be taken before any row of the transaction: whoever holds a row and waits here may wait for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [tenant_id % 2**31, account_id % 2**31])
