"""The tenants and people every test knows: acme with four members, globex next door, and a stranger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Membership, Role, Tenant, User
from accounts.tenancy import tenant_tx
from inbox import intake, policies
from inbox.models import Conversation, Message
from marketplaces import credentials, polling
from marketplaces.models import FolderRole, MailSecurity, SellerAccount

PASSWORD = "correct horse battery"
# Since when an account's mail has had clocks.
HISTORY = timedelta(days=30)
SEEN_ALL = 2**62  # the newest message on a page that shows every one


@cache
def hashed_password() -> str:
    """PASSWORD as the product stores it; hashed once, because that is slow by design."""
    return make_password(PASSWORD)


@dataclass
class World:
    """acme: Alice (agent), Leo (lead), Ada (admin), Wendy (warehouse), accounts Lumen US (Walmart) and
    Lumen DE (Amazon). globex: Gus (agent), account Globex US (Amazon). Sam belongs nowhere."""

    acme: Tenant
    globex: Tenant
    alice: Membership
    leo: Membership
    ada: Membership
    wendy: Membership
    gus: Membership
    sam: User
    walmart: SellerAccount
    amazon: SellerAccount
    foreign: SellerAccount

    @classmethod
    def build(cls) -> "World":
        """Store them all."""
        acme, globex = make_tenant("acme"), make_tenant("globex")
        return cls(
            acme=acme,
            globex=globex,
            alice=make_member(acme, "Alice Archer", Role.AGENT),
            leo=make_member(acme, "Leo Lang", Role.LEAD),
            ada=make_member(acme, "Ada Adams", Role.ADMIN),
            wendy=make_member(acme, "Wendy Ware", Role.WAREHOUSE),
            gus=make_member(globex, "Gus Grant", Role.AGENT),
            sam=User.objects.create(email="sam@example.com", name="Sam Stranger", password=hashed_password()),
            walmart=make_account(acme, "Lumen US", "walmart-us"),
            amazon=make_account(acme, "Lumen DE", "amazon-de"),
            foreign=make_account(globex, "Globex US", "amazon-us"),
        )

    def begin(self, now: datetime) -> None:
        """Have the accounts' clocks begin as if they had been connected now."""
        for account in (self.walmart, self.amazon, self.foreign):
            account.clocks_from, account.health_since = now - HISTORY, now
            with tenant_tx(account.tenant_id):
                account.save(update_fields=["clocks_from", "health_since"])


def make_tenant(slug: str) -> Tenant:
    """A tenant with its policies, as `create_tenant` makes one."""
    tenant = Tenant.objects.create(name=slug.title(), slug=slug, time_zone="Europe/Berlin")
    with tenant_tx(tenant.pk):
        policies.seed(tenant)
    return tenant


def make_member(tenant: Tenant, name: str, role: Role) -> Membership:
    """A user with a place in the tenant; signs in as first.last@<slug>.example with PASSWORD."""
    email = f"{name.lower().replace(' ', '.')}@{tenant.slug}.example"
    user = User.objects.create(email=email, name=name, password=hashed_password())
    return Membership.objects.create(tenant=tenant, user=user, role=role)


def make_account(tenant: Tenant, name: str, market: str, **fields: object) -> SellerAccount:
    """A seller account whose mailbox is on loopback; ports are the test's to set."""
    address = f"care.{name.lower().replace(' ', '-')}@{tenant.slug}.example"
    now = timezone.now()
    with tenant_tx(tenant.pk):
        account = SellerAccount.objects.create(
            name=name,
            market=market,
            sender_address=address,
            imap_user=address,
            smtp_user=address,
            authserv_id=f"mx.{tenant.slug}.example",
            clocks_from=now - HISTORY,
            health_since=now,
            **{
                "imap_host": "127.0.0.1",
                "smtp_host": "127.0.0.1",
                "imap_port": 1,
                "smtp_port": 1,
                "imap_security": MailSecurity.PLAIN,
                "smtp_security": MailSecurity.PLAIN,
                **fields,
            },
        )
        for field in ("imap_password", "smtp_password"):
            credentials.seal(account, field, "mailbox secret")
    return account


def walmart_mail(
    account: SellerAccount,
    *,
    text: str = "Where is my order?",
    buyer: str = "Denise Kowalczyk",
    order: str = "200011874402913",
    relay: str = "0123456789abcdef0123456789abcdef",
    sent_at: datetime | None = None,
    message_id: str = "",
    **headers: str,
) -> bytes:
    """A buyer's mail as Walmart relays it, with its labels and footer."""
    mail = EmailMessage()
    domain = account.authserv_id
    mail["Authentication-Results"] = (
        f"{domain}; dkim=pass header.d=relay.walmart.com; dmarc=pass header.from=relay.walmart.com"
    )
    mail["From"] = f"{buyer} <{relay}@relay.walmart.com>"
    mail["To"] = account.sender_address
    mail["Subject"] = headers.pop("subject", "Question about your order")
    mail["Date"] = format_datetime(sent_at or timezone.now())
    mail["Message-ID"] = message_id or f"<{uuid4()}@relay.walmart.com>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(
        f"Hi {account.name},\n{buyer} wants to connect with you regarding the following order:\n"
        f"Sales Order ID: {order}\nItem ID: 55501234\nItem: Arched floor lamp\nMessage:\n{text}\n"
        "**Note: You have received this message from the customer, who has made a purchase from your company"
        " on\nWalmart.com. Please respond within 2 business days.**\nThank you,\n"
        f"Walmart Customer Service Team\nRefID: {uuid4().hex}\n"
    )
    return bytes(mail).replace(b"\n", b"\r\n")


def arrive(
    account: SellerAccount,
    content: bytes,
    *,
    folder: str = FolderRole.INBOX,
    received_at: datetime | None = None,
) -> Message | None:
    """Take a mail in by the product's own path; returns its message if it made one."""
    with tenant_tx(account.tenant_id):
        raw, _ = polling.keep(
            account,
            content,
            source="file",
            source_key=f"test:{uuid4()}",
            folder=folder,
            received_at=received_at or timezone.now(),
        )
    intake.read_raw(raw.pk, tenant_id=account.tenant_id)
    with tenant_tx(account.tenant_id):
        return Message.objects.filter(raw=raw).select_related("conversation").first()


def conversation_of(account: SellerAccount, **mail: object) -> Conversation:
    """A fresh conversation begun by a Walmart buyer's mail."""
    message = arrive(account, walmart_mail(account, **mail))  # type: ignore[arg-type]
    assert message is not None
    return message.conversation
