"""Amazon's account health as figures (GET_V2_SELLER_PERFORMANCE_REPORT: JSON).

Its schema and its own example spell some names differently; both are read. Amazon writes shares (0.009), we
keep percentages. It has no figure for how fast messages are answered.
"""

from datetime import datetime, timedelta

from marketplaces.ratings import Figure, Risk
from marketplaces.wire import Json, Odd, amount, decoded, moment, part, parts, text, whole, word

# Our name, theirs, and how they call the orders counted and those that went wrong.
METRICS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("late_shipment", ("lateShipmentRate",), ("orderCount",), ("lateShipmentCount",)),
    (
        "cancellations",
        ("preFulfillmentCancellationRate", "prefulfillmentCancelRate", "preFulfillmentCancelRate"),
        ("orderCount",),
        ("cancellationCount",),
    ),
    ("valid_tracking", ("validTrackingRate",), ("shipmentCount",), ()),
    ("on_time_delivery", ("onTimeDeliveryRate",), ("shipmentCountWithValidTracking",), ()),
    ("invoice_defects", ("invoiceDefectRate",), ("orderCount",), ()),
)
RISKS = {"GOOD": Risk.GOOD, "BAD": Risk.URGENT}
STANDING = {
    "NORMAL": Risk.GOOD,
    "AT_RISK": Risk.MONITOR,
    "SUSPENDED": Risk.URGENT,
    "DEACTIVATED": Risk.URGENT,
}
LONGEST_SPAN = 400


class NoReport(Exception):
    """What came is not this report."""


def figures(
    content: bytes, marketplace_id: str, *, now: datetime
) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """The figures of one site, and in words what could not be read; raises NoReport."""
    value = decoded(content)
    if not isinstance(value, dict):
        raise NoReport("The seller performance report is no JSON object.")
    try:
        metrics = _of_site(parts(value, "performanceMetrics"), marketplace_id)
        standing = _of_site(parts(value, "accountStatuses"), marketplace_id)
    except Odd as odd:
        raise NoReport(f"The seller performance report cannot be read: {odd}.") from odd
    if metrics is None and standing is None:
        raise NoReport("The seller performance report does not speak of this site.")
    found: list[Figure] = []
    remarks: list[str] = []
    defects = _inside(metrics or {}, "orderDefectRate")
    named: list[tuple[str, Json, tuple[str, ...], tuple[str, ...]]]
    named = [("order_defects", _inside(defects, "mfn"), ("orderCount",), ())]
    named += [
        (name, next((each for key in keys if (each := _inside(metrics or {}, key))), {}), counted, wrong)
        for name, keys, counted, wrong in METRICS
    ]
    for name, inner, counted, wrong in named:
        try:
            found += [_figure(name, inner, counted, wrong, now=now)] if inner.get("rate") is not None else []
        except Odd as odd:
            remarks.append(f"The figure {name.replace('_', ' ')} could not be read: {odd}.")
    if standing is not None:
        risk = STANDING.get(word(standing, "status").upper(), Risk.UNKNOWN)
        found.append(Figure("account_status", 0, now, risk=risk))
    return tuple(found), tuple(remarks)


def _of_site(values: list[Json], marketplace_id: str) -> Json | None:
    return next((each for each in values if text(each, "marketplaceId") == marketplace_id), None)


def _inside(value: Json, key: str) -> Json:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _figure(
    name: str, value: Json, counted: tuple[str, ...], wrong: tuple[str, ...], *, now: datetime
) -> Figure:
    rate = amount(value, "rate") * 100
    if not 0 <= rate <= 100:
        raise Odd("the rate is no share")
    span = part(value, "reportingDateRange")
    begins, ends = moment(span, "reportingDateFrom"), moment(span, "reportingDateTo")
    days = round((ends - begins) / timedelta(days=1)) if begins and ends else 0
    affected = _count(_inside(value, "orderWithDefects"), ("count",))
    return Figure(
        metric=name,
        period_days=days if 0 < days <= LONGEST_SPAN else 0,
        as_of=min(ends, now) if ends else now,
        rate=rate,
        standard=amount(value, "targetValue") * 100 if value.get("targetValue") is not None else None,
        at_least=word(value, "targetCondition") == "GREATER_THAN",
        risk=RISKS.get(word(value, "status"), Risk.UNKNOWN),
        orders=_count(value, counted),
        affected=affected if affected is not None else _count(value, wrong),
    )


def _count(value: Json, names: tuple[str, ...]) -> int | None:
    return next((whole(value, name) for name in names if value.get(name) is not None), None)
