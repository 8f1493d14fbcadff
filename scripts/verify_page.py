"""Looks at reports, comparisons and indexes as a reader's browser shows them, and says what is wrong with them.

Of each page, at 390 and 1440 pixels, light and dark: nothing in the console, no request, no dialog, no markup from outside;
nothing wider than the window; plots that show something; figures under the pointer and by keys that equal the table's; zoom,
switching variants off, folding, links, to other pages too; the filter of an index; no serious finding of axe-core. Without
scripts and in print the static plots stand.
"""

import argparse
import base64
import pathlib
import sys
import time
import urllib.parse

from devtools import Browser, BrowserError

WINDOWS = ((390, 844), (1440, 900))

# Shared by the expressions below.
HELPERS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const shown = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
const marks = (svg) => svg.querySelectorAll('path, polyline, circle, rect, line, polygon').length;
// Read from a copy, so that the page's own canvas stays as it is.
const pixels = (canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
};
const inked = (canvas) => pixels(canvas).reduce((count, pixel) => count + (pixel >>> 24 > 0), 0);
const print = (canvas) => pixels(canvas).reduce((hash, pixel) => (Math.imul(hash, 31) + pixel) | 0, 0);
const data = () => JSON.parse(document.getElementById('figures-data')?.textContent || '{"plots": [], "series": []}');
"""


class Page:
    """An open report and what was found wrong with it."""

    def __init__(self, browser, name, url, scripts=True):
        self.browser, self.name, self.url, self.scripts, self.problems = browser, name, url, scripts, []

    def ask(self, body):
        return self.browser.run(f"(async () => {{ {HELPERS} {body} }})()")

    def must(self, holds, text):
        if not holds:
            self.problems.append(f"{self.name}: {text}")

    def check(self, look, *given):
        """Looks at something; what cannot be looked at is a finding too."""
        try:
            look(self, *given)
        except (BrowserError, LookupError, TypeError) as error:
            self.must(False, f"{look.__name__}: {error!r}")

    def none(self, found, text):
        self.must(not found, f"{text}: {found}")

    def settle(self):
        """Until what was done is drawn; without scripts nothing is told, so a moment must do."""
        if not self.scripts:
            time.sleep(0.1)
            return
        self.ask("await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))));")


def said_by_browser(page):
    """Whatever the browser complained about, and every request beyond the file itself."""
    for event in page.browser.events:
        method, params = event["method"], event["params"]
        if method == "Runtime.exceptionThrown":
            detail = params["exceptionDetails"]
            page.must(False, f"exception: {detail.get('exception', {}).get('description', detail.get('text'))}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            page.must(False, f"console: {[arg.get('value') for arg in params['args']]}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            page.must(False, f"log: {params['entry']['text']}")
        elif method == "Page.javascriptDialogOpening":
            page.must(False, f"dialog: {params['message']}")
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            page.must(url.startswith("data:") or url.split("#")[0] == page.url, f"request: {url[:200]}")


def markup(page):
    page.none(page.ask("""
      const foreign = all('img, iframe, object, embed, form, base, svg script, svg foreignObject, a[href^="javascript"]').map((e) => e.outerHTML.slice(0, 120));
      const handlers = all('*').filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).map((e) => e.outerHTML.slice(0, 120));
      const scripts = all('script').map((e) => e.type || 'script').filter((type, i, types) => types.indexOf(type) !== i);
      return [...foreign, ...handlers, ...scripts];"""), "markup that does not belong here")
    page.none(page.ask("""
      const ids = all('[id]').map((e) => e.id);
      const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
      const lost = all('a[href^="#"]').map((a) => a.getAttribute('href').slice(1)).filter((id) => !document.getElementById(id));
      return [...twice, ...lost];"""), "ids that stand twice, or links that lead nowhere")
    page.none(page.ask("""
      const plain = (text) => text.replace(/[\\u0000-\\u001f]/g, '');
      const rows = all('#figures tbody tr').map((row) => plain(row.querySelector('th').childNodes[1].textContent));
      const toggles = all('.live-toggle').map((button) => plain(button.textContent));
      const names = data().series.map((series) => plain(series.name));
      return names.filter((name, i) => rows[i] !== name).concat(toggles.filter((name) => !names.includes(name)));"""),
        "names that table, data and plots do not show alike")


def width(page):
    """Nothing reaches beyond the window, folded or not."""
    for opened in (False, True):
        if opened:
            page.ask("for (const d of all('details')) d.open = true;")
            page.settle()
        found = page.ask("""
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room) return [];
          return all('body *').filter((e) => e.getBoundingClientRect().right > room + 1 && !e.closest('.scroll')).slice(0, 5).map((e) => e.outerHTML.slice(0, 100)).concat(document.documentElement.scrollWidth);""")
        page.none(found, "wider than the window" + (" with all open" if opened else ""))


def plots(page):
    found = page.ask("""
      const live = data().plots.map((plot) => [plot.id, document.querySelector(`#${plot.id} canvas`)]);
      const empty = live.filter(([, canvas]) => !canvas || inked(canvas) < 500).map(([id]) => `${id} is empty`);
      const both = all('figure').filter((f) => [...f.querySelectorAll('svg.plot')].filter(shown).length + f.querySelectorAll('canvas').length !== 1).map((f) => `${f.closest('section').id} does not show one plot`);
      const bare = all('figure svg.plot').filter(shown).filter((svg) => marks(svg) < 3).map((svg) => `${svg.closest('section').id} has no marks`);
      return [...empty, ...both, ...bare];""")
    page.none(found, "plots")


def middle(page, selector, across=0.5):
    box = page.ask(f"""
      const e = document.querySelector({selector!r});
      if (!e) return null;
      e.scrollIntoView({{ block: 'center', behavior: 'instant' }});
      const r = e.getBoundingClientRect();
      return [r.left, r.top, r.width, r.height];""")
    return (box[0] + box[2] * across, box[1] + box[3] / 2) if box else None


def hover(page):
    """Under the pointer every variant has a figure; by keys, the median is the table's."""
    for plot in page.ask("return data().plots.map((plot) => plot.id);"):
        x, y = middle(page, f"#{plot} .u-over")
        page.browser.mouse("mouseMoved", x - 3, y)
        page.browser.mouse("mouseMoved", x, y)
        page.settle()
        tip = page.ask(f"""
          const tip = document.querySelector('#{plot} .live-tip');
          const box = tip.getBoundingClientRect();
          return {{ on: shown(tip), names: [...tip.querySelectorAll('.live-name')].map((e) => e.textContent),
                    figures: [...tip.querySelectorAll('b')].map((e) => e.textContent), inside: box.left >= -1 && box.right <= innerWidth + 1 }};""")
        tracks = page.ask(f"const plot = data().plots.find((p) => p.id === {plot!r}); return (plot.tracks || plot.curves).map((t) => data().series[t.series].name);")
        page.must(tip["on"] and tip["names"] == tracks, f"{plot}: under the pointer stands {tip}, not a figure of each of {tracks}")
        page.must(any(any(c.isdigit() for c in figure) for figure in tip["figures"]), f"{plot}: no figure under the pointer")
        page.must(tip["inside"], f"{plot}: what stands under the pointer is cut off")
        page.browser.mouse("mouseMoved", 2, 2)
    if not page.ask("return data().plots.some((plot) => plot.id === 'percentiles');"):
        return
    page.ask("document.querySelector('#percentiles .live-stage').focus();")
    for _ in range(120):
        page.browser.press("ArrowRight")
        if page.ask("return document.querySelector('#percentiles .live-head')?.textContent;") == "p50":
            break
    read, table, heard = page.ask("""
      const read = Object.fromEntries([...document.querySelectorAll('#percentiles .live-row')].map((row) => [row.querySelector('.live-name').textContent, row.querySelector('b').textContent]));
      const median = all('#figures thead th').findIndex((cell) => cell.textContent === 'p50');
      const table = Object.fromEntries(all('#figures tbody tr').map((row) => [data().series[row.dataset.series].name, row.children[median].textContent]));
      return [read, table, document.querySelector('#percentiles .heard').textContent];""")
    differing = {name: (figure, table[name]) for name, figure in read.items() if table[name] not in (figure, "–")}
    page.must(read and not differing, f"the median by keys is not the table's: {differing or 'not reached'}")
    page.must(heard.startswith("p50: "), f"keys are not read out: {heard!r}")


def zoom(page):
    """A drag zooms all plots of one time axis; a double click, or Escape, shows everything again."""
    ids = page.ask("return data().plots.filter((plot) => plot.kind === 'timeline').map((plot) => plot.id);")
    backs = "return data().plots.filter((p) => p.kind === 'timeline').map((p) => !document.querySelector(`#${p.id} .live-back`).hidden);"
    if not ids:
        return
    (x0, y), (x1, _) = middle(page, f"#{ids[0]} .u-over", 0.3), middle(page, f"#{ids[0]} .u-over", 0.7)

    def drag():
        page.browser.mouse("mouseMoved", x0, y)
        page.browser.mouse("mousePressed", x0, y, button="left", buttons=1, clickCount=1)
        for step in range(1, 6):
            page.browser.mouse("mouseMoved", x0 + (x1 - x0) * step / 5, y, button="left", buttons=1)
        page.browser.mouse("mouseReleased", x1, y, button="left", clickCount=1)
        page.settle()

    before = page.ask(f"return print(document.querySelector('#{ids[0]} canvas'));")
    drag()
    page.must(all(page.ask(backs)), f"a drag over {ids[0]} did not zoom all of {ids}")
    page.must(page.ask(f"return print(document.querySelector('#{ids[0]} canvas'));") != before, "zooming changed nothing")
    for count in (1, 2):
        page.browser.mouse("mousePressed", x1, y, button="left", buttons=1, clickCount=count)
        page.browser.mouse("mouseReleased", x1, y, button="left", clickCount=count)
    page.settle()
    page.must(not any(page.ask(backs)), "a double click did not show the whole range again")
    drag()
    page.ask(f"document.querySelector('#{ids[-1]} .live-stage').focus();")
    page.browser.press("Escape")
    page.settle()
    page.must(not any(page.ask(backs)), "Escape did not show the whole range again")


def toggle(page):
    """A variant that is switched off in one plot is off in all, and comes back."""
    if not page.ask("return data().plots.length;"):
        return
    state = """
      const first = data().plots.map((p) => [...document.querySelectorAll(`#${p.id} .live-toggle`)].find((b) => b.textContent === data().series[0].name)).filter(Boolean);
      return { pressed: first.map((b) => b.getAttribute('aria-pressed')), prints: data().plots.map((p) => print(document.querySelector(`#${p.id} canvas`))) };"""
    click = "all('.live-toggle').find((b) => b.textContent === data().series[0].name)?.click();"
    before = page.ask(state)
    if not before["pressed"]:
        return
    page.ask(click)
    page.settle()
    off = page.ask(state)
    page.ask(click)
    page.settle()
    again = page.ask(state)
    page.must(set(off["pressed"]) == {"false"}, f"a variant switched off in one plot is on in another: {off['pressed']}")
    page.must(sum(a != b for a, b in zip(before["prints"], off["prints"])) == len(before["pressed"]), "switching a variant off left a plot as it was")
    page.must(again == before, "a variant that was switched on again does not look as before")


def folds(page):
    """A click folds and unfolds; a link into something folded opens it."""
    for selector in page.ask("return ['#method', '#environment'].filter((s) => document.querySelector(s));"):
        for expected in (False, True):
            x, y = middle(page, f"{selector} > details > summary h2")
            for kind in ("mousePressed", "mouseReleased"):
                page.browser.mouse(kind, x, y, button="left", clickCount=1)
            page.must(page.ask(f"return document.querySelector('{selector} > details').open;") == expected, f"{selector} does not fold by a click")


def links(page):
    found = page.ask("""
      const parts = all('section.part');
      const without = parts.filter((part) => !part.querySelector(`a.mark[href="#${part.id}"]`)).map((part) => part.id);
      for (const part of parts) part.querySelector('details').open = false;
      const wanted = parts.map((part) => part.id).concat(all('details.fold').map((fold) => fold.id));
      const shut = [];
      for (const id of wanted) {
        location.hash = id;
        await new Promise((done) => setTimeout(done, 15));
        const target = document.getElementById(id);
        const own = target.matches('details') ? target : target.querySelector(':scope > details');
        if (!own.open || !own.checkVisibility()) shut.push(id);
      }
      return [...without, ...shut];""")
    page.none(found, "sections without a link, or that a link does not open")


def elsewhere(page):
    """Links to other pages lead to files that are there."""
    for link in page.ask("return [...new Set(all('a[href]:not([href^=\"#\"])').map((a) => a.href))];"):
        path = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(link).path))
        page.must(link.startswith("file://") and path.is_file(), f"a link leads to {link}, where nothing is")


def filtering(page):
    """The filter of an index shows what holds all words, says how many that are, and shows everything again."""
    if not page.ask("return all('.runs').length && all('.tools').length;"):
        return
    state = "const runs = all('section.part:not(#comparisons) .runs > li'); return [runs.filter((run) => run.checkVisibility()).length, runs.length, document.querySelector('.tools [role=status]').textContent];"
    put = "const field = document.querySelector('.tools input'); field.value = %r; field.dispatchEvent(new Event('input'));"
    name = page.ask("return document.querySelector('.runs .title').textContent.trim();")
    page.ask(put % name.upper())
    shown, runs, told = page.ask(state)
    page.must(0 < shown <= runs and told.startswith(f"{shown} of "), f"filtered by {name!r}: {shown} of {runs}, told: {told!r}")
    page.ask(put % "nothing has these words")
    page.must(page.ask(state)[0] == 0, "a filter that fits nothing leaves something")
    page.ask(put % "")
    page.ask("for (const d of all('details')) d.open = true;")
    shown, runs, told = page.ask(state)
    page.must(shown == runs and not told, f"without a filter {shown} of {runs} are shown, told: {told!r}")


def accessibility(page, axe):
    page.browser.run(f"{axe}; 0")
    page.ask("for (const d of all('details')) d.open = true;")
    page.settle()
    found = page.ask("""
      const run = await axe.run(document, { resultTypes: ['violations'] });
      return run.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);""")
    for finding in found:
        page.must(False, f"axe: {finding}")


def picture(page, into, name, whole=True):
    if not into:
        return
    size = page.ask("return [innerWidth, document.documentElement.scrollHeight];")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], 12_000), "scale": 1}
    shot = page.browser.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    (into / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def interactive(browser, url, name, axe, into, live):
    """`live`: with plots that can be used; other pages are looked at in either window and in either light, but for pictures
    not in all four together."""
    problems = []
    for wide, high in WINDOWS:
        for dark in (False, True):
            if not live and not into and dark != (wide < 600):
                continue
            looks = f"{wide}-{'dark' if dark else 'light'}"
            page = Page(browser, f"{name}, {looks}", url)
            browser.page(url, wide, high, dark=dark)
            page.settle()
            picture(page, into, f"{name}-{looks}")
            paper = page.ask("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);")
            page.must((sum(paper[:3]) < 384) == dark, f"the paper is {paper}")
            usual = (markup, plots, hover, toggle, folds)
            for look in usual if dark else (*usual, zoom, links, elsewhere, filtering):
                page.check(look)
            page.check(width)
            page.check(accessibility, axe)
            said_by_browser(page)
            problems += page.problems
    return problems


def static(browser, url, name, into):
    """Without scripts, and in print: the static plots, everything readable."""
    problems = []
    for wide, high in WINDOWS:
        page = Page(browser, f"{name}, {wide} without scripts", url, scripts=False)
        browser.page(url, wide, high, scripts=False)
        found = page.ask("""
          const bare = all('figure').filter((f) => { const svgs = [...f.querySelectorAll('svg.plot')].filter(shown); return svgs.length !== 1 || marks(svgs[0]) < 3; });
          return [...bare.map((f) => f.closest('section').id), ...all('.live, canvas').map(() => 'a plot that needs scripts')];""")
        page.none(found, "plots")
        page.check(folds)
        page.check(width)
        said_by_browser(page)
        picture(page, into, f"{name}-{wide}-without-scripts")
        problems += page.problems
    page = Page(browser, f"{name}, printed", url)
    browser.page(url, 1440, 900)
    browser.send("Emulation.setEmulatedMedia", media="print")
    page.settle()
    page.none(page.ask("""
      const live = all('.live').filter(shown).map(() => 'a plot for the screen');
      const bare = all('figure').filter((f) => [...f.querySelectorAll('svg.plot')].filter(shown).length !== 1).map((f) => f.closest('section').id);
      return [...live, ...bare];"""), "not as it should be printed")
    browser.send("Emulation.setEmulatedMedia", media="")
    sheet = base64.b64decode(browser.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
    page.must(sheet.startswith(b"%PDF") and len(sheet) > 20_000, f"printing gave {len(sheet)} bytes")
    if into:
        (into / f"{name}.pdf").write_bytes(sheet)
    return problems + page.problems


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--axe", type=pathlib.Path, required=True, help="axe.min.js")
    arguments.add_argument("--pictures", type=pathlib.Path, help="a folder for pictures and PDF files of what was seen")
    arguments.add_argument("pages", nargs="+", type=pathlib.Path, help="folders that hold a report.html, or pages")
    given = arguments.parse_args()
    axe = given.axe.read_text(encoding="utf-8")
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    problems = []
    with Browser() as browser:
        for given_page in given.pages:
            started = time.monotonic()
            is_folder = given_page.is_dir()
            file = (given_page / "report.html" if is_folder else given_page).resolve(strict=True)
            url, name = file.as_uri(), given_page.resolve().name if is_folder else file.stem
            found = interactive(browser, url, name, axe, given.pictures, is_folder) + static(browser, url, name, given.pictures)
            print(f"{name}: {len(found) or 'no'} problem{'' if len(found) == 1 else 's'}, {time.monotonic() - started:.1f} s")
            problems += found
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BrowserError, OSError) as error:
        sys.exit(f"error: {error}")
