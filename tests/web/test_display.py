"""How moments, sizes, people and earlier text are written."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.display import ago, earlier_text, filesize, full_moment, icon, initials, iso, moment

NOW = datetime(2026, 3, 12, 14, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "words"),
    [
        (datetime(2026, 3, 12, 9, 5, tzinfo=UTC), "UTC", "09:05"),
        (datetime(2026, 3, 12, 23, 30, tzinfo=UTC), "Europe/Berlin", "Fri 00:30"),
        (datetime(2026, 3, 10, 14, 18, tzinfo=UTC), "UTC", "Tue 14:18"),
        (datetime(2026, 3, 14, 14, 18, tzinfo=UTC), "UTC", "Sat 14:18"),
        (datetime(2026, 3, 5, 14, 18, tzinfo=UTC), "UTC", "5 Mar"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "Asia/Tokyo", "1 Jan"),
        (datetime(2025, 3, 12, 14, 6, tzinfo=UTC), "UTC", "12 Mar 2025"),
    ],
)
def test_a_moment_is_said_as_its_reader_says_it(at: datetime, zone: str, words: str) -> None:
    assert moment(at, zone, NOW) == words


def test_a_moment_with_everything_names_its_zone() -> None:
    assert full_moment(NOW, "America/Los_Angeles") == "Thu 12 Mar 2026, 07:06 (America/Los_Angeles)"
    assert iso(NOW) == "2026-03-12T14:06:00Z"


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 d ago"),
    ],
)
def test_how_long_ago(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words


def test_sizes_and_initials() -> None:
    assert [filesize(size) for size in (0, 1023, 24 * 1024, 1_500_000)] == [
        "0 B",
        "1023 B",
        "24 kB",
        "1.4 MB",
    ]
    assert [initials(name) for name in ("Ana Ruiz", "cher", "Ana Maria Ruiz", " ")] == ["AR", "CH", "AR", "?"]


@pytest.mark.parametrize(
    ("full", "text", "rest"),
    [
        ("Hi\n\nOn Tue wrote:\n> a\n> b\n", "Hi", "On Tue wrote:\n> a\n> b"),
        ("Label: x\nMessage:\nHi\nthere\nFooter", "Hi\nthere", "Label: x\nMessage:\nFooter"),
        ("Hi", "Hi", ""),
        ("", "Hi", ""),
        ("Something else", "Hi", "Something else"),
    ],
)
def test_earlier_text_is_what_the_excerpt_does_not_show(full: str, text: str, rest: str) -> None:
    assert earlier_text(full, text) == rest


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icon("clock")
    assert 'class="icon"' in icon("clock")
