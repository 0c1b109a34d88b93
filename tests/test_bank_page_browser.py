"""The page of a bank in a real headless Chromium; skips, with the reason, where there is none."""

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reviewed_store import make_store
from search_servers import serving

from skill_gym.benchmarks.bank_page.app import create_app
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import State

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install selenium")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses to run as root
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    chromium.implicitly_wait(5)
    yield chromium
    chromium.quit()


@dataclass
class Desk:
    chromium: Any
    store: BankStore
    root: str

    def open(self, path: str) -> None:
        self.chromium.get(self.root + path)
        self.settle()

    def one(self, selector: str) -> Any:
        return self.chromium.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        return list(self.chromium.find_elements("css selector", selector))

    def leave(self, act: Callable[[], None]) -> None:
        """Does what leads to another page, and waits for that page."""
        old = self.one("html")
        act()
        gone = importlib.import_module("selenium.webdriver.support.expected_conditions").staleness_of
        self.until(gone(old))
        self.settle()

    def settle(self) -> None:
        """Waits until the page stands; Chromium may use a style sheet a moment after the page is complete."""
        self.until(lambda chromium: chromium.execute_script(SETTLED))

    def until(self, condition: Callable[[Any], Any]) -> None:
        importlib.import_module("selenium.webdriver.support.wait").WebDriverWait(self.chromium, 30).until(
            condition
        )

    def press(self, keys: str) -> None:
        self.chromium.switch_to.active_element.send_keys(keys)

    def complaints(self) -> list[str]:
        return [line["message"] for line in self.chromium.get_log("browser")]


@pytest.fixture
def desk(driver: Any, tmp_path: Path) -> Iterator[Desk]:
    with (
        BankStore.open(make_store(tmp_path / "bank.skb"), write=True) as store,
        serving(create_app(store, actor="Grace")) as root,
    ):
        yield Desk(driver, store, root)


def test_planted_script_stays_text(desk: Desk) -> None:
    for path in ("/?state=candidate", "/entry?id=cand_002", "/events"):
        desk.open(path)
        assert "owned" not in desk.chromium.title or "<script>" in desk.chromium.title
        assert (
            desk.chromium.execute_script("return document.querySelectorAll('main script, main img').length")
            == 0
        )
        assert "<script>" in desk.one("main").text
    assert desk.complaints() == []  # nothing even tried


def test_no_page_breaks_its_own_content_policy(desk: Desk) -> None:
    for path in ("/", "/?sort=worst", "/entry?id=gen_001", "/versions", "/compare?a=1&b=2", "/events"):
        desk.open(path)
        assert desk.one("h1").is_displayed()
    assert desk.complaints() == []
    background = desk.one("body").value_of_css_property("background-color")
    assert background == "rgba(247, 246, 243, 1)"  # the style sheet was taken


def test_injected_script_would_not_run(desk: Desk) -> None:
    desk.open("/")
    ran = desk.chromium.execute_script(
        "const it = document.createElement('script'); it.textContent = 'window.ran = true';"
        "document.body.append(it); return window.ran === true"
    )
    assert ran is False
    assert any("Content Security Policy" in line for line in desk.complaints())


def test_reviewer_searches_reads_and_approves_by_keyboard(desk: Desk) -> None:
    desk.open("/?state=candidate")
    desk.press("/")
    desk.leave(lambda: desk.press("fridge\n"))
    assert [row.text for row in desk.all(".entries .open")] == ["Food is cold"]
    desk.press("j")
    desk.leave(lambda: desk.press("\n"))
    assert desk.one("h1").text == "Food is cold"
    reason = desk.one("#one-reason")
    assert desk.one("#one-actor").get_attribute("value") == "Grace"
    # Over the name to the first button.
    desk.leave(lambda: reason.send_keys("true in nine of ten kitchens\t\t\n"))
    assert "Approved" in desk.one(".flash").text
    event = desk.store.blame("cand_001")[-1]
    assert (event.kind, event.actor, event.reason) == ("added", "Grace", "true in nine of ten kitchens")
    assert "cand_001" in desk.store.bank


def test_action_needs_a_reason(desk: Desk) -> None:
    desk.open("/entry?id=gen_001")
    desk.one("button.retire").click()
    assert "reason" not in desk.chromium.current_url
    assert desk.chromium.execute_script("return document.querySelector('#one-reason').validity.valueMissing")
    assert desk.store.state("gen_001") is State.ACTIVE


def test_chosen_entries_are_rejected_together(desk: Desk) -> None:
    desk.open("/?state=candidate")
    assert not desk.one(".bulk").is_displayed()
    boxes = desk.all(".entries input")
    boxes[0].click()
    boxes[1].click()
    assert desk.one(".bulk legend").text == "With the 2 chosen entries"
    desk.one("#bulk-reason").send_keys("not now")
    desk.leave(desk.one("button.reject").click)
    assert "Rejected 2 entries" in desk.one(".flash").text
    assert desk.store.count(State.REJECTED) == 2
    assert len(desk.all(".entries > li")) == 1


def test_merge_retire_and_restore_of_one_entry(desk: Desk) -> None:
    desk.open("/entry?id=cand_003")
    field = desk.one("#one-into")
    field.clear()
    field.send_keys("gen_002")
    desk.one("#one-reason").send_keys("says the same")
    desk.leave(desk.one("button.merge").click)
    assert desk.one(".about .chip").text == "merged"
    desk.open("/entry?id=gen_001")
    for button, state in (("retire", State.RETIRED), ("restore", State.ACTIVE)):
        desk.one("#one-reason").send_keys(button)
        desk.leave(desk.one(f"button.{button}").click)
        assert desk.one(".about .chip").text == state.value
        assert desk.store.state("gen_001") is state
    assert [line.text for line in desk.all("#history b")][:2] == ["Restored", "Retired"]


def test_two_versions_are_compared_side_by_side(desk: Desk) -> None:
    desk.open("/versions")
    desk.one("input[name=a][value='1']").click()
    desk.one("input[name=b][value='2']").click()
    desk.leave(desk.one(".bar button").click)
    gone, come = desk.one(".sides del"), desk.one(".sides ins")
    assert (gone.text, come.text) == ("closed", "shut")
    assert gone.location["x"] < come.location["x"]
    assert abs(gone.location["y"] - come.location["y"]) < 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast_in_light_and_dark(desk: Desk, scheme: str) -> None:
    chosen = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    desk.chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", chosen)
    for path in ("/?state=all", "/entry?id=gen_001", "/entry?id=cand_002", "/compare?a=1&b=2", "/versions"):
        desk.open(path)
        assert desk.complaints() == []
        assert desk.chromium.execute_script(FAINT) == []
    desk.chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_narrow_windows_need_no_sideways_scrolling(desk: Desk) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    desk.store.add_entries([Skill("wide", "w" * 300, "x" * 3000)], reason="a word without end")
    desk.chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for path in ("/", "/entry?id=gen_001", "/entry?id=wide", "/compare?a=2&b=3", "/versions", "/events"):
            desk.open(path)
            width = desk.chromium.execute_script("return document.documentElement.scrollWidth")
            assert width <= 360, path
    finally:
        desk.chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_control_has_a_name(desk: Desk) -> None:
    for path in ("/", "/?state=candidate", "/entry?id=cand_002", "/versions", "/compare?a=1&b=2"):
        desk.open(path)
        for control in desk.all("input:not([type=hidden]), select, textarea, button, a"):
            assert control.accessible_name or not control.is_displayed(), control.get_attribute("outerHTML")


def test_ten_thousand_skills_are_paged(desk: Desk) -> None:
    desk.store.add_entries((Skill(f"s{n:05}", f"Title {n}", "Text.") for n in range(10_000)), reason="many")
    desk.open("/?place=general")
    assert len(desk.all(".entries > li")) == 50
    assert "Page 1 of 201" in desk.one(".pager").text
    desk.leave(lambda: desk.press("n"))
    assert "Page 2 of 201" in desk.one(".pager").text
    desk.open("/?q=s09999")
    assert [row.text for row in desk.all(".entries .open")] == ["Title 9999"]


SETTLED = """
return document.readyState === "complete"
  && getComputedStyle(document.body).backgroundColor !== "rgba(0, 0, 0, 0)";
"""

FAINT = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const plain = (text) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
};
const light = (c) => {
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const [r, g, b] = c.slice(0, 3).map((v) => linear(v / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const under = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const c = plain(getComputedStyle(e).backgroundColor);
    if (c[3] > 0.99) return c;
  }
  return [255, 255, 255, 1];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = [];
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const seen = walker.currentNode.data.trim() && element.checkVisibility();
  if (!seen || element.closest("option, svg")) continue;
  const [a, b] = [light(plain(getComputedStyle(element).color)), light(under(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.push([walker.currentNode.data.trim().slice(0, 40), contrast.toFixed(2)]);
}
return faint;
"""
