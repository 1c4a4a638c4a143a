"""Play a month in a real browser, leave its pictures in docs/tour/images/, and count the clicks: `make screenshots`.

A demo house is made in a temporary folder and served on a free port; both are gone at the end. What cannot be found ends it loudly.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from counted import WAIT_MS, Hand, Tally, table
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
IMAGES = HERE / "images"
PASSWORD = "duecourse-demo-2026"  # noqa: S105  (the demo's, printed by it)
DESK, TELEPHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
TODAY = date.today()
MONTH, BEFORE, START = (
    f"{first:%Y-%m}" for first in accumulate(range(2), lambda day, _: (day - timedelta(1)).replace(day=1), initial=TODAY.replace(day=1))
)
LANGUAGES = {"zh": "zh-hans", "en": "en"}
START_SECONDS, END_SECONDS = 120, 30
COLOURS = 96
ACCOUNT = "#listing tbody td:nth-child(2)"
PAYMENTS, AMOUNT, BANK_ACCOUNT = 8, "1250.00", "SIM-COLLECTION-1"
BANK_COLUMNS = ("bank_account", "external_ref", "amount", "currency", "paid_on", "booked_on", "account_number")
BYTES_MAX = 2_500_000
MEI, LIN, FAN = "mei@lanxi.example", "lin@lanxi.example", "fan@lanxi.example"
ANN, BO = "ann@a01.example", "bo@a02.example"


def main() -> None:
    """Make the house, walk through it, write the pictures and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--house", type=Path, help="A demo's folder that is there already; it is walked in and left.")
    parser.add_argument("--accounts", type=int, default=400)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.house or stack.enter_context(house(chosen.accounts))
        browser = stack.enter_context(chromium())
        tour = Tour(browser, url=stack.enter_context(served(folder)), workbook=next((folder / "demo").glob("*.xlsx")))
        shutil.rmtree(IMAGES, ignore_errors=True)
        IMAGES.mkdir(parents=True)
        tour.walk()
    size = sum(path.stat().st_size for path in IMAGES.iterdir())
    if size > BYTES_MAX:
        raise RuntimeError(f"The pictures are {size:,} bytes together; {BYTES_MAX:,} were meant to be enough.")
    (HERE / "clicks.md").write_text(table(tour.tallies), encoding="utf-8")
    say(f"{len(list(IMAGES.iterdir()))} pictures, {size:,} bytes, and clicks.md")


@contextmanager
def house(accounts: int) -> Iterator[Path]:
    """Play a small demo in a folder of its own and remove both."""
    with tempfile.TemporaryDirectory(prefix="duecourse-tour-") as name:
        folder = Path(name)
        try:
            options = ["--accounts", str(accounts), "--months", "2", "--agencies", "2", "--start", START, "--no-serve"]
            command(folder, "demo", *options)
            yield folder
        finally:
            command(folder, "db", "remove", "--yes")


def command(folder: Path, *words: str) -> None:
    """Run duecourse in a house.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = os.environ | {"DUECOURSE_HOME": str(folder)}
    subprocess.run([sys.executable, "-m", "duecourse", *words], env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a house on a free port and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, "-m", "duecourse", "serve", "--port", str(port)]
    server = subprocess.Popen(line, env=os.environ | {"DUECOURSE_HOME": str(folder)}, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://\S+?:\d+", server.stdout.readline() if server.stdout else "")
        if found is None:
            raise RuntimeError("duecourse serve did not say where it is.")
        yield found.group()
    finally:
        server.terminate()
        server.wait(timeout=END_SECONDS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--lang=zh-CN"], env=os.environ | {"LANGUAGE": "zh_CN"}
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Tour:
    """The walk through a month, picture by picture."""

    browser: Browser
    url: str
    workbook: Path
    tallies: dict[str, Tally] = field(default_factory=dict)

    def walk(self) -> None:
        """Go through the month as Mei, Lin, Ann, Bo and Fan."""
        mei = self.person(MEI)
        self.load(mei)
        self.allocate(mei)
        self.agency(mei)
        self.call()
        self.contacts(mei)
        self.moves(mei)
        self.case(mei)
        self.bank(mei)
        self.money(mei)
        self.export(mei)

    def person(self, email: str, *, size: dict[str, int] = DESK) -> Hand:
        """Log a person in, in a browser of their own that speaks Chinese."""
        context = self.browser.new_context(viewport=size, locale="zh-CN", color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(WAIT_MS)
        hand = Hand(context.new_page(), self.url, self.tallies)
        speak(hand.page, self.url, "zh")
        hand.opened("/")
        hand.type("input[name=username]", email)
        hand.type("input[name=password]", PASSWORD)
        hand.click("main button.btn-primary")
        hand.page.wait_for_url(lambda address: "/login/" not in address)
        return hand

    def shot(self, hand: Hand, name: str, *, at: str = "", again: bool = True) -> None:
        """Leave pictures of the screen, in both languages if the page can be asked for again, else in Chinese.

        Args:
            hand: whose page.
            name: of the picture.
            at: what to scroll to, '' for the top.
            again: the page may be asked for again.
        """
        page = hand.page
        for language in ("en", "zh") if again else ["zh"]:
            if again:
                speak(page, self.url, language)
                page.reload()
            page.wait_for_load_state("networkidle")
            page.locator("main h1").first.wait_for()
            if at:
                page.locator(at).first.evaluate("part => part.scrollIntoView({block: 'center'})")
            (IMAGES / f"{name}.{language}.png").write_bytes(smaller(page.screenshot(animations="disabled")))
        say(name)

    def done(self, hand: Hand) -> None:
        """Wait until the job behind the page is done and has led on.

        Raises:
            RuntimeError: it failed; what it said.
        """
        hand.page.locator("#job .btn-primary, #job .alert, main:not(:has(#job)) h1").first.wait_for()
        if hand.page.locator("#job .alert").count():
            raise RuntimeError(hand.page.inner_text("#job"))
        if "/jobs/" in hand.page.url:
            hand.click("#job a.btn-primary")

    def load(self, mei: Hand) -> None:
        """Take the workbook in, see what came back, age and score."""
        mei.opened("/")
        self.shot(mei, "01-home")
        with mei.job("load"):
            mei.go("f", "/feeds/")
            mei.click("a[href='/feeds/upload/']")
            mei.file("#id_file", str(self.workbook))
            mei.type("input[name=as_of]", f"{MONTH}-01")
            mei.choose("select[name=mapping]", "weian")
        self.shot(mei, "02-upload", again=False)
        with mei.job("load"):
            mei.click("main form button.btn-primary")
            self.done(mei)
        mei.page.locator("#rejects-title").wait_for()
        self.shot(mei, "03-feed")
        with mei.job("load"):
            mei.go("h", "/")
            mei.click(f"main a[href='/months/{MONTH}/steps/']")
            mei.click("form:has(#tape) button")
            self.done(mei)
            self.steps(mei)
            mei.click("button:has(.ti-player-track-next)")
            self.done(mei)
            self.steps(mei)
        self.shot(mei, "04-steps")

    def steps(self, hand: Hand) -> None:
        """Be on the page of the steps, by one click more where a job led elsewhere."""
        if not hand.page.url.endswith("/steps/"):
            hand.go("h", "/")
            hand.click(f"main a[href='/months/{MONTH}/steps/']")
            hand.page.wait_for_url("**/steps/")

    def allocate(self, mei: Hand) -> None:
        """Compute a draft, propose it, have Lin approve it, publish it."""
        with mei.job("allocate"):
            mei.click("#step-allocate a[href*='/allocations/new/']")
            mei.page.wait_for_url("**/allocations/new/**")
        self.shot(mei, "05-studio")
        with mei.job("allocate"):
            mei.click("main form[data-draft=studio] button.btn-primary")
            self.done(mei)
            mei.page.wait_for_url(re.compile(r"/allocations/\d+/"))
            mei.click("form[action$='/propose/'] button")
            self.done(mei)
        mei.page.wait_for_url(re.compile(r"/allocations/\d+/"))
        address = mei.page.url.removeprefix(self.url)
        lin = self.person(LIN)
        with lin.job("allocate"):
            lin.go("v", "/approvals/")
            lin.click(f"main a[href='{address}']")
        lin.page.wait_for_url(f"**{address}")
        self.shot(lin, "06-approve")
        with lin.job("allocate"):
            lin.click("form[action$='/approve/'] button.btn-primary")
        lin.page.locator("#toasts .toast").first.wait_for()
        with mei.job("allocate"):
            mei.press("F5")
            mei.page.reload()
            mei.click("form[action$='/hand-over/'] button")
            mei.confirm()
            self.done(mei)
        mei.opened("/batches/")
        self.shot(mei, "07-batches")

    def agency(self, mei: Hand) -> None:
        """Ann compares and accepts what waits for her, and gives it to her people."""
        ann = self.person(ANN)
        ann.click("main .alert a.btn-primary")
        ann.page.locator("code.work-hash").wait_for()
        self.shot(ann, "08-accept")
        ann.click("form[action$='/accept/'] button")
        ann.click("a[href*='/agency/assign/']")
        ann.tick("input[name=user_ids]")
        ann.click("button[name=preview]")
        ann.page.locator("button[name=confirm]").wait_for()
        ann.click("button[name=confirm]")
        ann.page.locator("#toasts .toast").first.wait_for()

    def call(self) -> None:
        """Bo asks for a permit on his telephone, gets it or the reason why not, and reports."""
        bo = self.person(BO, size=TELEPHONE)
        bo.page.locator(".work-case").first.wait_for()
        self.shot(bo, "09-bo-list")
        bo.click(".work-case.is-next")
        bo.click(".work-call button")
        bo.page.locator("form[data-outcome], #refusal").first.wait_for()
        self.shot(bo, "10-bo-call", again=bo.page.locator("#refusal").count() == 0)
        if bo.page.locator("form[data-outcome]").count():
            bo.tick("input[name=outcome][value=connected]")
            bo.type("input[name=talk_seconds]", "65")
            bo.click("form[data-outcome] button.work-big")
            bo.page.locator(".work-call").wait_for()

    def contacts(self, mei: Hand) -> None:
        """Say why a call of the month before was refused."""
        mei.opened(f"/refusals/?from_on={BEFORE}-01")
        self.shot(mei, "11-refusals")
        mei.click("#listing tbody a[href^='/refusals/']")
        mei.page.wait_for_url(re.compile(r"/refusals/\d+/"))
        number = mei.page.locator("main a[href^='/cases/']").first.get_attribute("href") or ""
        mei.opened("/")
        with mei.job("refusal"):
            mei.press("/", *re.findall(r"\d", number), "Enter")
            mei.page.wait_for_url(f"**{number}")
            mei.click(".case-chips a[href*='group=contact']")
        mei.page.locator(".case-chips .is-chosen[href*='contact']").wait_for()

    def moves(self, mei: Hand) -> None:
        """Take back every case of the batch that Bo's agency got a month before, with a preview."""
        mei.opened("/")
        with mei.job("move"):
            mei.go("m", "/moves/")
            mei.click("main a[href='/moves/new/']")
            mei.type("input[name=batch]", f"{BEFORE}-A02-1")
            mei.press("Enter")
            mei.page.wait_for_url(f"**batch={BEFORE}-A02-1**")
            mei.choose("#move-kind", "recall")
            mei.page.wait_for_load_state("networkidle")
            mei.choose("#move-fields select[name=reason_code]", "rotation")
            mei.tick("input[name=everything]")
            mei.click("#move-form button.btn-primary")
            mei.page.wait_for_url(re.compile(r"/moves/\d+/"))
        self.shot(mei, "12-move")
        with mei.job("move"):
            mei.click("form[action$='/apply/'] button")
        mei.page.locator("#toasts .toast").first.wait_for()

    def case(self, mei: Hand) -> None:
        """Find a case by its account's number, read its debt, and look at a number for a purpose."""
        mei.opened("/portfolio/cases/?order=-balance")
        number = mei.page.locator(ACCOUNT).first.inner_text().strip()
        mei.opened("/")
        with mei.job("find"):
            mei.press("/", *number, "Enter")
            mei.page.wait_for_url(re.compile(r"/cases/\d+/"))
        self.shot(mei, "13-case")
        mei.click("[data-reveal-open]")
        mei.choose("#purpose", "complaint")
        mei.click("#reveal button.btn-primary")
        mei.page.locator("[data-revealed]").wait_for()
        self.shot(mei, "14-reveal", at="#revealed", again=False)

    def bank(self, mei: Hand) -> None:
        """Fan loads what the bank received: a payment of each of the largest cases of Ann's agency."""
        mei.opened("/portfolio/cases/?order=-balance")
        agency = mei.page.locator("#filter-agency option", has_text="Aoki").get_attribute("value")
        mei.opened(f"/portfolio/cases/?order=-balance&state=open&agency={agency}")
        numbers = [text.strip() for text in mei.page.locator(ACCOUNT).all_inner_texts()][:PAYMENTS]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"bank-{TODAY}.csv"
            with path.open("w", encoding="utf-8", newline="") as stream:
                lines = csv.writer(stream)
                lines.writerow(BANK_COLUMNS)
                lines.writerows([BANK_ACCOUNT, f"TOUR-{n}", AMOUNT, "CNY", TODAY, TODAY, number] for n, number in enumerate(numbers))
            fan = self.person(FAN)
            fan.opened("/payments/upload/")
            fan.file("#id_file", str(path))
            fan.click("main form button.btn-primary")
            self.done(fan)

    def money(self, mei: Hand) -> None:
        """Sum the month up; Ann agrees to her statement, Fan approves it, Lin freezes it."""
        mei.opened(f"/months/{MONTH}/steps/")
        while mei.page.locator("button:has(.ti-player-track-next)").count():
            mei.click("button:has(.ti-player-track-next)")
            self.done(mei)
            self.steps(mei)
        ann = self.person(ANN)
        with ann.job("statement"):
            ann.click("main .alert a[href*='/agency/statements/']")
            ann.click("form[action$='/agree/'] button")
            ann.confirm()
        ann.page.locator("#toasts .toast").first.wait_for()
        address = ann.page.url.removeprefix(self.url).replace("/agency/", "/")
        for email, act in ((FAN, "approve"), (LIN, "freeze")):
            hand = self.person(email)
            with hand.job("statement"):
                hand.go("t", "/statements/")
                hand.click(f"#listing a[href='{address}']")
                hand.click(f"form[action$='/{act}/'] button")
                hand.confirm()
            hand.page.locator("#toasts .toast").first.wait_for()
        mei.opened("/statements/")
        mei.click(f"#listing tbody tr:has-text('{BEFORE}'):has-text('Aoki') a[href^='/statements/']")
        mei.page.wait_for_url(re.compile(r"/statements/\d+/"))
        self.shot(mei, "15-statement")
        mei.opened(f"/scorecards/?month={BEFORE}")
        self.shot(mei, "16-scorecards")
        mei.opened("/portfolio/")
        self.shot(mei, "17-portfolio")

    def export(self, mei: Hand) -> None:
        """Take an agency's batches out as a file."""
        mei.opened("/")
        with mei.job("export"):
            mei.go("b", "/batches/")
            mei.choose("#filter-agency", mei.page.locator("#filter-agency option", has_text="Aoki").get_attribute("value") or "")
            mei.page.wait_for_url("**agency=**")
            mei.page.wait_for_load_state("networkidle")
            mei.click("[data-export]")
            mei.type("textarea[name=purpose]", "与机构逐批核对本月案件数和金额")
            mei.click("main form[data-draft=export-ask] button.btn-primary")
            self.done(mei)
            with mei.page.expect_download():
                mei.click("form[action$='/file/'] button")


def smaller(png: bytes) -> bytes:
    """Return a picture in few colours."""
    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small = io.BytesIO()
    few.save(small, "PNG", optimize=True)
    return small.getvalue()


def say(text: str) -> None:
    """Tell how far the walk is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def speak(page: Page, url: str, language: str) -> None:
    """Set the language of the pages that follow."""
    page.context.add_cookies([{"name": "django_language", "value": LANGUAGES[language], "url": url}])


if __name__ == "__main__":
    main()
