"""What is typed and not sent lies on the server: one draft for each member of a conversation."""

from collections.abc import Callable
from uuid import UUID, uuid4

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, Draft, OutboundReply
from tests.web.conftest import Browser, browser_of
from tests.world import World

Address = Callable[[str], str]


def kept(talk: Conversation) -> dict[str, str]:
    """All drafts of the conversation by their author's first name."""
    with tenant_tx(talk.tenant_id):
        drafts = Draft.objects.filter(conversation=talk).select_related("author__user")
        return {draft.author.user.name.split()[0]: draft.body for draft in drafts}


def save(browser: Browser, path: str, body: str, key: UUID | None = None) -> int:
    answer = browser.post(path, {"body": body, "client_key": key or ""})
    return int(answer.status_code)


def test_a_draft_is_saved_over_the_one_before_and_shown_to_its_author_only(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    for text in ("Your", "Your lamp", "Your lamp  \n"):
        assert save(alice, address("draft/"), text) == 204
    assert kept(talk) == {"Alice": "Your lamp  \n"}
    assert "Your lamp" in alice.get(address("")).content.decode()
    leo = browser_of(world.leo)
    assert "Your lamp" not in leo.get(address("")).content.decode()
    assert save(leo, address("draft/"), "Mine") == 204
    assert kept(talk) == {"Alice": "Your lamp  \n", "Leo": "Mine"}


def test_an_empty_draft_is_none(alice: Browser, talk: Conversation, address: Address) -> None:
    save(alice, address("draft/"), "Your lamp")
    assert save(alice, address("draft/"), " \n") == 204
    assert kept(talk) == {}


def test_a_save_that_comes_after_the_send_is_too_late(
    alice: Browser, talk: Conversation, address: Address
) -> None:
    key = uuid4()
    save(alice, address("draft/"), "Your lam", key)
    sent = alice.post(
        address("replies/"), {"body": "Your lamp", "client_key": key, "then_close": "0"}, htmx=True
    )
    assert sent.status_code == 200
    assert save(alice, address("draft/"), "Your lam", key) == 204
    assert kept(talk) == {}
    # The next text has a form, and so a key, of its own.
    assert save(alice, address("draft/"), "And", uuid4()) == 204
    assert kept(talk) == {"Alice": "And"}


def test_what_cannot_be_a_draft_gets_a_sentence(alice: Browser, talk: Conversation, address: Address) -> None:
    assert save(alice, address("draft/"), "x" * 100_001) == 422
    assert alice.post(address("draft/"), {"body": "x", "client_key": "7"}).status_code == 422
    assert kept(talk) == {}


def test_a_draft_is_thrown_away_with_and_without_htmx(
    alice: Browser, talk: Conversation, address: Address
) -> None:
    for htmx, status in ((True, 200), (False, 303)):
        save(alice, address("draft/"), "Canary draft")
        answer = alice.post(address("draft/cancellation/"), htmx=htmx)
        assert answer.status_code == status
        assert "Canary draft" not in answer.content.decode()
        assert kept(talk) == {}


def test_a_refused_reply_is_the_draft(alice: Browser, talk: Conversation, address: Address) -> None:
    reply = {"body": "Look at lamps.example.com", "client_key": uuid4(), "then_close": "0"}
    assert alice.post(address("replies/"), reply, htmx=True).status_code == 409
    assert kept(talk) == {"Alice": "Look at lamps.example.com"}
    with tenant_tx(talk.tenant_id):
        assert not OutboundReply.objects.exists()


def test_assigning_leaves_the_composer_on_the_page(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    answer = alice.post(address("assignment/"), {"assignee": world.alice.pk}, htmx=True)
    assert 'id="composer" hx-preserve' in answer.content.decode()
    for other in (alice.get(address(""), htmx=True), alice.post(address("notes/"), {"body": "x"}, htmx=True)):
        assert 'id="composer" data-composer' in other.content.decode()


def test_presence_is_taken_in_and_nonsense_is_not(
    alice: Browser, talk: Conversation, address: Address
) -> None:
    assert alice.post(address("presence/"), {"doing": "replying", "tab": "a"}).status_code == 204
    for said in ({"doing": "dancing", "tab": "a"}, {"doing": "viewing", "tab": "a" * 41}, {}):
        assert alice.post(address("presence/"), said).status_code == 422
    assert alice.post("/t/acme/c/99/presence/", {"doing": "viewing", "tab": "a"}).status_code == 404
