"""Where a seller sees an order on the marketplace's own site for sellers, as data; pure."""

from urllib.parse import quote, urlsplit

# By market; {order} is the number the buyer knows. Walmart's Seller Center has no address for one order.
PAGES = {
    "walmart-us": "https://seller.walmart.com/orders/manage-orders",
    "walmart-ca": "https://seller.walmart.ca/orders/manage-orders",
    "amazon-us": "https://sellercentral.amazon.com/orders-v3/order/{order}",
    "amazon-ca": "https://sellercentral.amazon.ca/orders-v3/order/{order}",
    "amazon-mx": "https://sellercentral.amazon.com.mx/orders-v3/order/{order}",
    "amazon-br": "https://sellercentral.amazon.com.br/orders-v3/order/{order}",
    "amazon-uk": "https://sellercentral.amazon.co.uk/orders-v3/order/{order}",
    "amazon-de": "https://sellercentral.amazon.de/orders-v3/order/{order}",
    "amazon-fr": "https://sellercentral.amazon.fr/orders-v3/order/{order}",
    "amazon-it": "https://sellercentral.amazon.it/orders-v3/order/{order}",
    "amazon-es": "https://sellercentral.amazon.es/orders-v3/order/{order}",
    "amazon-nl": "https://sellercentral.amazon.nl/orders-v3/order/{order}",
    "amazon-se": "https://sellercentral.amazon.se/orders-v3/order/{order}",
    "amazon-pl": "https://sellercentral.amazon.pl/orders-v3/order/{order}",
    "amazon-be": "https://sellercentral.amazon.com.be/orders-v3/order/{order}",
    "amazon-ie": "https://sellercentral.amazon.ie/orders-v3/order/{order}",
    "amazon-tr": "https://sellercentral.amazon.com.tr/orders-v3/order/{order}",
    "amazon-ae": "https://sellercentral.amazon.ae/orders-v3/order/{order}",
    "amazon-sa": "https://sellercentral.amazon.sa/orders-v3/order/{order}",
    "amazon-eg": "https://sellercentral.amazon.eg/orders-v3/order/{order}",
    "amazon-in": "https://sellercentral.amazon.in/orders-v3/order/{order}",
    "amazon-jp": "https://sellercentral.amazon.co.jp/orders-v3/order/{order}",
    "amazon-au": "https://sellercentral.amazon.com.au/orders-v3/order/{order}",
    "amazon-sg": "https://sellercentral.amazon.sg/orders-v3/order/{order}",
}


def page_of(market: str, order: str) -> str:
    """The page of an order at Seller Center or Seller Central."""
    return PAGES[market].format(order=quote(order, safe=""))


def site_of(market: str) -> str:
    """The site for sellers itself, without a slash at its end."""
    parts = urlsplit(PAGES[market])
    return f"{parts.scheme}://{parts.netloc}"
