"""Two agents at one buyer: the second one is shown what the first has answered."""

from collections.abc import Callable
from uuid import uuid4

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, OutboundReply
from tests.web.conftest import Browser
from tests.web.rows import reply_in
from tests.world import World


def test_an_answer_pressed_send_on_before_does_not_cross_with_ones_own(
    alice: Browser, world: World, talk: Conversation, address: Callable[[str], str]
) -> None:
    def seen(page: str) -> str:
        return page.partition('name="seen_reply_id" value="')[2].partition('"')[0]

    before = seen(alice.get(address("")).content.decode())
    assert before == "0"
    theirs = reply_in(talk, world.leo, "queued")
    mine = {"body": "It is lost", "client_key": uuid4(), "seen_message_id": "", "then_close": "0"}
    response = alice.post(address("replies/"), {**mine, "seen_reply_id": before}, htmx=True)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Leo Lang has answered meanwhile. Read it, then send again." in page
    assert "It is lost</textarea>" in page
    assert seen(page) == str(theirs.pk)
    assert (
        alice.post(address("replies/"), {**mine, "seen_reply_id": seen(page)}, htmx=True).status_code == 200
    )
    with tenant_tx(talk.tenant_id):
        assert OutboundReply.objects.filter(conversation=talk).count() == 2
