"""The measurements: sizes and raw SQL in turns, so that what else the machine does hits them all alike."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

from bench.raw import Raw
from bench.samples import RAW, Samples
from bench.stack import Inside, Site, Stack, say
from bench.visitor import Ask, Visitor, sign_in, together

EIGHT = 8
TALKS = 20  # different conversations looked at, half of them closed
SEEN_ALL = "1000000000000"
POLICY_MINUTES = 45


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of everything."""

    rounds: int
    asks: int
    replies: int
    mails: int


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of page at one site: what is asked in turn, and the statements that bring the same rows."""

    what: str
    asks: list[Ask]
    rows: list[list[str]]
    at_eight: bool = False


@dataclass
class Visited:
    """A site with a signed-in member, its pages, and a plain connection to its database."""

    site: Site
    cookies: dict[str, str]
    raw: Raw
    pages: list[Page]
    rail: list[str]
    replied: int = 0


def measure(stack: Stack, pace: Pace, *, email: str, password: str) -> Samples:
    """Everything, on all sites of the stack."""
    samples = Samples()
    visited = [_visit(site, samples, email, password) for site in stack.sites]
    try:
        _pages(visited, pace, samples)
        _replies(visited, pace, samples)
    finally:
        for each in visited:
            each.raw.close()
    # The web processes rest from here on.
    _intake(stack, stack.sites[0], pace, samples)
    _recompute(stack.sites, pace, samples)
    return samples


def _visit(site: Site, samples: Samples, email: str, password: str) -> Visited:
    cookies = sign_in(site.port, email, password)
    inside = site.inside
    site.places = inside.ask("places")
    visited = Visited(
        site,
        cookies,
        Raw(site.logins.app, site.places["tenant"]),
        _pages_of(site),
        inside.ask("statements_of_rows", what="rail"),
    )
    size = site.conversations
    for page in visited.pages:
        ask = page.asks[0]
        all_of_it = inside.ask("statements_of_page", path=ask.path, htmx=ask.htmx)
        samples.statements[page.what, size] = len(all_of_it)
        if page.rows:
            samples.statements[RAW + page.what, size] = len(page.rows[0])
    samples.statements[RAW + "rail", size] = len(visited.rail)
    return visited


def _pages_of(site: Site) -> list[Page]:
    places, inside = site.places, site.inside
    deep, closed = places["deep_in_queue"], places["deep_in_closed"]
    talks = [*places["queued"][: TALKS // 2], *places["closed"][: TALKS // 2]]
    queue = [inside.ask("statements_of_rows", what="queue")]
    of_talks = [inside.ask("statements_of_rows", what="conversation", number=number) for number in talks]
    queue_path = "/t/bench/queue/all/"
    pages = [
        Page("queue page", [Ask(queue_path)], queue, at_eight=True),
        Page("queue looked at again", [Ask(f"{queue_path}rows/", htmx=True)], queue),
        Page(
            "queue, deep down",
            [Ask(f"{queue_path}more/?after={deep}", htmx=True)],
            [inside.ask("statements_of_rows", what="queue", after=deep)],
        ),
        Page(
            "closed, deep down",
            [Ask(f"/t/bench/queue/closed/more/?after={closed}", htmx=True)],
            [inside.ask("statements_of_rows", what="closed", after=closed)],
        ),
        Page("conversation page", [Ask(f"/t/bench/c/{talk}/") for talk in talks], of_talks, at_eight=True),
        Page("conversation pane", [Ask(f"/t/bench/c/{talk}/", htmx=True) for talk in talks], of_talks),
        Page(
            "orders page",
            [Ask("/t/bench/orders/?view=all")],
            [inside.ask("statements_of_rows", what="orders")],
        ),
    ]
    if places["search"]:
        pages.append(Page("search", [Ask(f"{places['search']}?q=tracking+moved")], []))
    return pages


def _pages(visited: list[Visited], pace: Pace, samples: Samples) -> None:
    say("pages")
    for each in visited:
        for page in each.pages:
            together(each.site.port, each.cookies, [page.asks[:5]] * EIGHT)
    for place in range(len(visited[0].pages)):
        for _ in range(pace.rounds):
            for each in visited:
                _page(each, each.pages[place], pace, samples)
    for _ in range(pace.rounds):
        for each in visited:
            times = [each.raw.read(each.rail) for _ in range(pace.asks)]
            samples.add(RAW + "rail", each.site.conversations, 1, times, sum(times) / 1000)


def _page(visited: Visited, page: Page, pace: Pace, samples: Samples) -> None:
    port, size = visited.site.port, visited.site.conversations
    with Visitor(port, visited.cookies) as visitor:
        # In turns, so that both meet the same machine.
        pairs = zip(cycle(page.asks), cycle(page.rows or [[]]), strict=False)
        times, raw_times = [], []
        for ask, statements in islice(pairs, pace.asks):
            times.append(visitor.ask(ask))
            if statements:
                raw_times.append(visited.raw.read(statements))
    samples.add(page.what, size, 1, times, sum(times) / 1000)
    if raw_times:
        samples.add(RAW + page.what, size, 1, raw_times, sum(raw_times) / 1000)
    if page.at_eight:
        asks = [list(islice(cycle(page.asks), pace.asks // 2 + 1))] * EIGHT
        samples.add(page.what, size, EIGHT, *together(port, visited.cookies, asks))


def _replies(visited: list[Visited], pace: Pace, samples: Samples) -> None:
    say("replies")
    for _ in range(pace.rounds):
        for each in visited:
            numbers = each.site.places["queued"][each.replied :][: pace.replies]
            each.replied += len(numbers)
            with Visitor(each.site.port, each.cookies) as visitor:
                times = [visitor.ask(_reply(number)) for number in numbers]
            if times:
                samples.add("reply sent", each.site.conversations, 1, times, sum(times) / 1000)


def _reply(number: int) -> Ask:
    body = {
        "client_key": str(uuid.uuid4()),
        "body": "Hello, thank you for writing. We have sent a new lamp today; it arrives on Thursday.",
        **dict.fromkeys(("seen_message_id", "seen_reply_id", "seen_event_id"), SEEN_ALL),
    }
    return Ask(f"/t/bench/c/{number}/replies/", htmx=True, body=body)


def _intake(stack: Stack, site: Site, pace: Pace, samples: Samples) -> None:
    say("intake")
    one, other = site.inside, stack.another_inside(site)
    seed = int(time.time())
    for turn in range(pace.rounds + 1):
        for crew in ([one], [one, other]):
            for worker, marketplace in zip(
                crew, ("walmart", "amazon") if turn % 2 else ("amazon", "walmart"), strict=False
            ):
                worker.ask("prepare_mails", marketplace=marketplace, count=pace.mails, seed=seed)
            seed += 1
            began = time.perf_counter()
            with ThreadPoolExecutor(len(crew)) as pool:
                done = list(pool.map(_take_in, crew))
            seconds = time.perf_counter() - began
            if turn:  # the first only starts the parsers
                samples.add_rate(
                    f"mails taken in, {len(crew)} process{'es' * (len(crew) - 1)}",
                    site.conversations,
                    len(crew),
                    sum(done),
                    seconds,
                )


def _take_in(worker: Inside) -> int:
    return int(worker.ask("intake")["mails"])


def _recompute(sites: list[Site], pace: Pace, samples: Samples) -> None:
    say("recompute")
    for turn in range(2 * ((pace.rounds + 3) // 4)):
        for site in sites:
            done = site.inside.ask("move_policies", minutes=-POLICY_MINUTES if turn % 2 else POLICY_MINUTES)
            samples.add_rate("deadlines moved", site.conversations, 1, done["moved"], done["seconds"])
