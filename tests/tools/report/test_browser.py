"""The report in a real browser."""

import sys

import pytest

from tests.tools.report import browser

pytestmark = [
    pytest.mark.skipif(browser.find() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(sys.version_info < (3, 9), reason="the page is the same on every Python"),
]

PHONE, DESKTOP = 360, 1280  # pixels
DARK = {"name": "prefers-color-scheme", "value": "dark"}
DECODE = """Promise.all([...document.querySelectorAll("image, img")].map(async each => {
    const image = new Image();
    image.src = each.getAttribute("href") || each.src;
    await image.decode();
    const box = each.getBoundingClientRect();
    return image.naturalWidth > 0 && box.width > 20 && box.height > 20;
}))"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    opened = browser.Browser(str(tmp_path_factory.mktemp("profile")))
    yield opened
    opened.close()


def test_the_report_opens_without_errors_at_every_width_light_and_dark(chromium, report, tmp_path):
    for name, options in (("truth", {"odometry": True, "truth": True}), ("arcs", {})):
        path = tmp_path / (name + ".html")
        path.write_text(report(**options)[1], encoding="utf-8")
        for width, dark in ((PHONE, False), (DESKTOP, True)):
            chromium.open(path.as_uri(), width, dark=dark)
            shown = chromium.evaluate(DECODE)
            assert len(shown) > 8
            assert all(shown)
            assert chromium.evaluate("document.documentElement.clientWidth") <= width
            assert chromium.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert (
                chromium.evaluate(
                    "[...document.querySelectorAll('main *')].filter(each => parseFloat("
                    "getComputedStyle(each).fontSize) < 11 && each.textContent.trim()).length"
                )
                == 0
            )
            background = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
            assert background == ("rgb(15, 19, 23)" if dark else "rgb(255, 255, 255)")
            check_quiet(chromium, path.as_uri())


def check_quiet(chromium, url):
    """No error, no message on the console, and no request but the page itself and images inside of it."""
    assert chromium.named("Runtime.exceptionThrown") == []
    assert chromium.named("Runtime.consoleAPICalled") == []
    assert chromium.named("Log.entryAdded") == []
    requests = {each["request"]["url"][:100] for each in chromium.named("Network.requestWillBeSent")}
    assert {each for each in requests if not each.startswith("data:")} == {url[:100]}


def test_a_request_of_a_page_would_be_noticed(chromium, tmp_path):
    path = tmp_path / "x.html"
    path.write_text('<img src="http://127.0.0.1:9/x.png">')
    chromium.open(path.as_uri(), DESKTOP)
    with pytest.raises(AssertionError):
        check_quiet(chromium, path.as_uri())


def test_it_can_be_printed(chromium, report, tmp_path):
    path = tmp_path / "x.html"
    path.write_text(report(odometry=True)[1], encoding="utf-8")
    chromium.open(path.as_uri(), DESKTOP, dark=True)
    chromium.call("Emulation.setEmulatedMedia", media="print", features=[DARK])
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert chromium.call("Page.printToPDF")["data"].startswith("JVBERi0")  # %PDF-
