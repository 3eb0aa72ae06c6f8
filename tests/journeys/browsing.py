"""A person before the site in a real browser, and what is looked for on every page they open."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, Response

from gatekeeper.demo.people import PASSWORD

PATIENCE_MS = 60_000  # nothing waits this long but on a crowded machine
DESK = (1440, 900)
TABLET = (1024, 768)

# Chromium writes a line of its own for a page that answers 4xx; the answers are looked at by themselves.
_ANSWERED = re.compile(r"^Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Visitor:
    """One person with one browser window. ``faults`` collects what no page may ever do."""

    site: str
    page: Page
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Listen for script errors, refused scripts and styles, and answers that are the program's fault."""
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("response", self._answered)

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not _ANSWERED.match(text):
            self.faults.append(f"{self.page.url}: {text}")

    def _answered(self, response: Response) -> None:
        of_the_page = response.request.resource_type == "document"
        if response.status >= (500 if of_the_page else 400):
            self.faults.append(f"{response.url} answered {response.status}")

    def open(self, path: str) -> Response:
        """Open an address of the site and return its answer."""
        answer = self.page.goto(f"{self.site}{path}")
        assert answer is not None
        return answer

    def log_in(self, username: str, password: str = PASSWORD) -> None:
        """Log in through the page, as everybody does."""
        if "/accounts/log-in/" not in self.page.url:
            self.open("/accounts/log-in/")
        self.page.locator("input[name=username]").fill(username)  # by name: the labels speak five languages
        self.page.locator("input[name=password]").fill(password)
        self.leave(self.page.locator("main button.primary").click)

    def press(self, name: str, *, within: Locator | None = None) -> Response:
        """Press the button with this name and return the answer of the page that follows."""
        return self.leave(lambda: (within or self.page).get_by_role("button", name=name, exact=True).click())

    def follow(self, name: str, *, within: Locator | None = None, exact: bool = False) -> None:
        """Follow the first link with this name."""
        self.leave((within or self.page).get_by_role("link", name=name, exact=exact).first.click)

    def leave(self, act) -> Response:
        """Do what leads to another page; return its answer, redirects followed."""
        with self.page.expect_navigation() as navigation:
            act()
        assert navigation.value is not None
        return navigation.value

    def sign(self, username: str, password: str, *, verb: str, opener: str = "") -> Response:
        """Fill in the open signature dialog, or open it first with the link ``opener``, and sign."""
        if opener:
            self.page.get_by_role("main").get_by_role("link", name=opener, exact=True).first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.wait_for()
        dialog.get_by_label("User name").fill(username)
        dialog.get_by_label("Password").fill(password)
        return self.press(verb, within=dialog)

    @property
    def heading(self) -> str:
        """The text of the page's main heading."""
        return " ".join(self.page.locator("h1").inner_text().split())

    @property
    def text(self) -> str:
        """What the main part of the page says."""
        return " ".join(self.page.locator("main").inner_text().split())

    def overflow(self) -> str:
        """Return what reaches beyond the right edge of the window, "" when the page does not scroll sideways."""
        return self.page.evaluate(_OVERFLOW)

    def small_targets(self, least: int = 64) -> list[str]:
        """Return what can be touched and is smaller than ``least`` px either way."""
        return self.page.evaluate(_SMALL, least)


_OVERFLOW = """() => {
  const wide = (node) => node.scrollWidth > node.clientWidth + 1;
  const parts = [...document.querySelectorAll(".side, .who, .bar, .sheet, .head, .note")].filter(
    (node) => getComputedStyle(node).overflowX === "visible" && node.clientWidth);
  return [document.documentElement, ...parts].filter(wide).map((node) =>
    `${node.scrollWidth} > ${node.clientWidth}: ${node.cloneNode(false).outerHTML.slice(0, 80)}`).join(", ");
}"""

# The skip link is for keyboards; a checkbox is touched by its whole label.
_SMALL = """(least) => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((node) => !node.matches(".skip, [type=hidden]") && node.checkVisibility({ visibilityProperty: true }))
  .map((node) => [node, (node.closest(".entry, .tick label") ?? node).getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < least - 0.5 || box.height < least - 0.5))
  .map(([node, box]) => `${Math.round(box.width)}×${Math.round(box.height)} ${node.outerHTML.slice(0, 120)}`)"""


@contextlib.contextmanager
def visiting(
    browser: Browser, site: str, *, size=DESK, dark=False, touch=False, language="en", clock=False
) -> Iterator[Visitor]:
    """A window of this size, closed afterwards; whatever went wrong in it is an error."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        locale=language,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    if clock:
        context.clock.install()
    visitor = Visitor(site, context.new_page())
    visitor.watch()
    try:
        yield visitor
    finally:
        context.close()
