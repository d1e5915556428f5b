import pytest

from marketplaces.mailbox.html import sanitised, to_text

HARMFUL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="  JaVaScRiPt:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<a href="cid:x">x</a>',
    '<form action="/x"><input name="x"><button>Go</button></form>',
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    '<div hx-get="/t/acme/" hx-trigger="load" data-x="1" id="x" class="y" style="position:fixed">x</div>',
    '<base href="http://evil.example/"><meta http-equiv="refresh" content="0;url=http://evil.example">',
    '<link rel="stylesheet" href="http://evil.example/x.css"><style>@import "http://evil.example"</style>',
    '<table background="http://evil.example/x.png"><tr><td>x</td></tr></table>',
    '<img src="http://evil.example/x.png"><img srcset="http://evil.example/x.png 1x">',
    '<video src="http://evil.example/x"></video><iframe src="http://evil.example"></iframe>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]
TRACES = [
    "<script", "onerror", "javascript:", "data:", "<form", "<input", "<button", "<svg", "hx-", "data-x",
    "id=", "class=", "style", "<base", "<meta", "<link", "background", "evil.example", "srcset", "<iframe",
    "<video", "<math", "cid:",
]  # fmt: skip


@pytest.mark.parametrize("html", HARMFUL)
def test_nothing_that_runs_or_loads_is_left(html: str) -> None:
    kept = sanitised(f"<p>before</p>{html}<p>after</p>").lower()
    for trace in TRACES:
        assert trace not in kept
    assert "before" in kept


def test_links_open_apart_and_tell_nothing() -> None:
    kept = sanitised('<a href="https://x.example/?a=1&amp;b=2">x</a>')
    assert 'href="https://x.example/?a=1&amp;b=2"' in kept
    assert 'target="_blank"' in kept
    assert 'rel="noopener noreferrer nofollow"' in kept


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<b>a</b> <i>b</i>c", "a bc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("a &lt;b&gt; &amp;amp; &nbsp; c", "a <b> &amp; c"),
        ("<style>x{}</style><title>t</title><script>s</script>a<!-- c -->", "a"),
        ("a\n  b\tc", "a b c"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert to_text(html, sanitised(html)).text.strip() == text


def test_only_a_single_styled_block_marks_the_words() -> None:
    for html, words in (
        ('<p>a</p><pre style="x">b</pre>', "b"),
        ('<pre>a</pre><pre style="x">b</pre>', "b"),
        ('<pre style="x">a</pre><pre style="x">b</pre>', None),
        ("<pre>a</pre>", None),
    ):
        found = to_text(html, sanitised(html))
        assert (found.text[slice(*found.words)].strip() if found.words else None) == words


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 10_000 + "words",
        "<b>" * 10_000 + "words",
        "<p><font color=red>" * 5_000 + "words",
        "".join(f"<p><font color={n}>x</p>" for n in range(20_000)) + "words",
        "<table><tr><td>" * 3_000 + "words",
        "<" * 500_000 + "words",
        "<script" * 50_000 + ">words",
        "<a href='" * 50_000 + "words",
        "<!--" * 100_000 + "words",
        "<pre style=" * 50_000 + "words",
        "&" * 500_000 + "words",
        "<blockquote>" * 200 + "a<br>" * 50_000 + "words",
    ],
    ids=range(12),
)
def test_html_built_to_exhaust_is_survived(html: str) -> None:
    cleaned = sanitised(html)
    assert len(to_text(html, cleaned).text) < 5 * len(html)
