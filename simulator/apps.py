"""The programs that sellers and mailbox owners can let in: what their makers were given when they registered.

Every installation of a program brings its own; these are the ones the simulated companies know.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class App:
    """A registered program; `application_id` is Amazon's."""

    client_id: str
    client_secret: str
    application_id: str = ""


AMAZON = App(
    "amzn1.application-oa2-client.0f3c1a8be5d64c2f9a7b31",
    "amzn1.oa2-cs.v1.5b1c9e0d7f2a4863",
    "amzn1.sp.solution.6a4f2c1e",
)
MAIL = {
    "google": App("480112.apps.googleusercontent.example", "GOCSPX-4nT0zq"),
    "microsoft": App("3a9d7c52-11f0-4a57-8d83-c6d2a4f0b9e1", "k8Q~Vd2mXy"),
}


def known() -> dict[str, dict[str, str]]:
    """All of them by company, as their makers would enter them."""
    return {company: asdict(app) for company, app in {"amazon": AMAZON, **MAIL}.items()}
