"""Make the pictures of the README: the playground as its networks learn to count.

    make pictures

Needs Chromium and writes ``docs/figures/playground.png``: eight LSTMs on one word after 0, 1,000, 3,000 and 30,000
training words. The networks are those of seed 0, so that the picture is always the same but for the browser's fonts.
"""

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from longcount.report.playground.page import write_playground

PICTURE = Path(__file__).parent / "figures" / "playground.png"
READ = (0, 1_000, 3_000, 30_000)
"""Training words before each part of the picture."""
WIDTH = 520
"""CSS pixels of a part: a window so wide that the page is in one column."""
GAP = 24
"""Pixels between parts."""
COLOURS = 64
"""Of the palette: enough for lines on white, and a third of the bytes."""


def parts(page: Page) -> list[Image.Image]:
    """What the networks count, after each number of words, with how far each counts below."""
    found = []
    for read in READ:
        page.evaluate("async (read) => { await trainTo(read); drawAll(true); }", read)
        title = f"after {read:,} words" if read else "before training"
        page.evaluate("(title) => (document.getElementById('count-title').textContent = title)", title)
        heading, chart = (page.locator(name).bounding_box() for name in ("#count-title", "#count"))
        assert heading is not None
        assert chart is not None
        image = page.screenshot(clip={**heading, "height": chart["y"] + chart["height"] - heading["y"]})
        found.append(Image.open(io.BytesIO(image)))
    return found


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        html = Path(folder) / "playground.html"
        write_playground(html)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000}, offline=True)
        page.goto(html.as_uri())
        page.evaluate("playground.ready")
        images = parts(page)
        browser.close()
    width, height = (length + GAP for length in images[0].size)
    whole = Image.new("RGB", (2 * width - GAP, 2 * height - GAP), "white")
    for place, image in enumerate(images):
        whole.paste(image, (width * (place % 2), height * (place // 2)))
    whole.quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
