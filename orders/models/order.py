"""Orders by the number the buyer knows, and the marketplace's own records they consist of."""

from django.db import models
from django.db.models import Q

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, OrderStatus
from orders.models.buyer import Buyer
from orders.models.item import Item

STATUSES = [(status.value, status.value) for status in OrderStatus]
FULFILMENTS = [(kind.value, kind.value) for kind in Fulfilment]
# The seller still has something to ship.
AWAITING_SHIPMENT = Q(
    status__in=[OrderStatus.UNSHIPPED.value, OrderStatus.PARTLY_SHIPPED.value],
    fulfilment=Fulfilment.SELLER.value,
    ship_by__isnull=False,
)


class Order(TenantModel):
    """A marketplace's order by the number its buyer knows; a placeholder until the records of it arrive.

    What the row says of status and moments is the sum of its purchase orders, kept by orders.sync.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="orders")
    buyer = TenantForeignKey(Buyer, on_delete=models.SET_NULL, null=True, related_name="orders")
    external_id = models.CharField(max_length=40)
    is_placeholder = models.BooleanField(default=True)
    # What the mail says was bought, shown until the order's own lines are here.
    item_title = models.CharField(max_length=500, blank=True, default="")
    item_id = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=20, choices=STATUSES, default=OrderStatus.UNKNOWN.value)
    fulfilment = models.CharField(max_length=20, choices=FULFILMENTS, default=Fulfilment.SELLER.value)
    relay_address = models.CharField(max_length=254, blank=True, default="")
    buyer_name = models.CharField(max_length=200, blank=True, default="")
    ship_to_place = models.CharField(max_length=200, blank=True, default="")
    ordered_at = models.DateTimeField(null=True)
    ship_by = models.DateTimeField(null=True)
    deliver_by = models.DateTimeField(null=True)  # promised
    delivered_at = models.DateTimeField(null=True)  # when the last parcel was
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    programs = models.JSONField(default=list)
    # The item of its first line: the picture by which people know the order in a list.
    shown_item = TenantForeignKey(Item, on_delete=models.SET_NULL, null=True, related_name="+")
    # When a source was last read, and why the last try failed where it did; the old data stays and is shown.
    as_of = models.DateTimeField(null=True)
    returns_as_of = models.DateTimeField(null=True)
    fault = models.CharField(max_length=300, blank=True, default="")
    # When somebody, or a mail, asked for this order to be read now; NULL once it was.
    wanted_at = models.DateTimeField(null=True)
    wanted_by_person = models.BooleanField(default=False)
    # What the marketplace lets the seller begin a message about: [{"name", "longest"}], as of a moment.
    message_actions = models.JSONField(default=list)
    message_actions_as_of = models.DateTimeField(null=True)
    # Whether what somebody waits for (wanted_at) is these; put back by whoever read them.
    message_actions_wanted = models.BooleanField(default=False)
    # The language its buyer reads ("de-DE"), asked for once; empty where nobody says.
    buyer_locale = models.CharField(max_length=20, blank=True, default="")
    buyer_locale_as_of = models.DateTimeField(null=True)
    # When refunds its own record does not bring were read.
    refunds_as_of = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # Its buyer's name, address and place are gone, and do not come back with a later version.
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "external_id"], name="orders_order_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "buyer"], name="orders_order_buyer"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="orders_order_unpurged",
            ),
            models.Index(
                fields=["tenant", "ship_by", "id"], condition=AWAITING_SHIPMENT, name="orders_order_to_ship"
            ),
            models.Index(fields=["tenant", "-ordered_at", "-id"], name="orders_order_newest"),
            models.Index(fields=["tenant", "external_id"], name="orders_order_number"),
            models.Index(fields=["tenant", "account", "ordered_at"], name="orders_order_arrivals"),
            models.Index(
                fields=["tenant", "wanted_at", "id"],
                condition=Q(wanted_at__isnull=False),
                name="orders_order_wanted",
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"


class PurchaseOrder(TenantModel):
    """One record of the marketplace: at Amazon the order itself, at Walmart one purchase order of it."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="purchase_orders")
    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=40)
    # The moment of the version we hold; an older one never overwrites it.
    modified_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=STATUSES)
    status_text = models.CharField(max_length=60, blank=True, default="")
    fulfilment = models.CharField(max_length=20, choices=FULFILMENTS)
    ordered_at = models.DateTimeField()
    ship_by = models.DateTimeField(null=True)
    deliver_by = models.DateTimeField(null=True)
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    seen_at = models.DateTimeField()  # when we last read it, changed or not
    fingerprint = models.CharField(max_length=32)  # of the record, to tell the same version read again

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "external_id"], name="orders_purchase_once"),
        ]
        indexes = [models.Index(fields=["tenant", "order"], name="orders_purchase_order")]

    def __str__(self) -> str:
        return f"purchase order {self.pk}"


class OrderLine(TenantModel):
    """One line of a purchase order."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    purchase_order = TenantForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    item = TenantForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=40)
    sku = models.CharField(max_length=100)
    title = models.CharField(max_length=500)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    status = models.CharField(max_length=20, choices=STATUSES)
    status_text = models.CharField(max_length=60, blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    cancel_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "purchase_order", "external_id"], name="orders_line_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "order"], name="orders_line_order"),
            models.Index(fields=["tenant", "sku"], name="orders_line_sku"),
        ]

    def __str__(self) -> str:
        return f"line {self.pk}"
