// What surrounds a plot: names that switch variants on and off, what stands under the pointer, keys, the way back.

// One variant's figures at a place: [text, where they are from, if from elsewhere].
function said(chart, track, at) {
  const { plot } = chart;
  if (plot.kind === "percentiles") {
    const us = track.value[at];
    return us === null ? ["not reached", ""] : [time(us), ""];
  }
  const round = chart.rounds[at];
  let nearest = -1;
  for (let i = 0; i < chart.places.length; i += 1) {
    if (track.value[i] === null || chart.rounds[i] !== round) continue;
    if (nearest < 0 || Math.abs(chart.places[i] - chart.places[at]) < Math.abs(chart.places[nearest] - chart.places[at])) nearest = i;
  }
  if (nearest < 0) return ["not in this round", ""];
  const show = plot.values === "times" ? time : significant;
  const upper = track.upper && track.upper[nearest] !== null ? `, p99 ${time(track.upper[nearest])}` : "";
  const per = plot.values === "times" ? "" : " /s";
  const elsewhere = nearest === at ? "" : `at ${trimmed(chart.places[nearest])} s`;
  return [`${show(track.value[nearest])}${per}${upper}`, elsewhere];
}

function heading(chart, at) {
  if (chart.plot.kind === "percentiles") return percentile(chart.plot.rest[at]);
  const round = chart.rounds[at];
  return `${trimmed(chart.places[at])} s${round ? `, round ${round}` : ""}`;
}

class Chart {
  constructor(plot, figure) {
    Object.assign(this, { plot, figure, ...columns(plot) });
    this.lines = [null];
    for (const track of this.tracks) {
      this.lines.push({ series: track.series, isUpper: false });
      if (track.upper) this.lines.push({ series: track.series, isUpper: true });
    }
    this.data = [this.places, ...this.tracks.flatMap((track) => (track.upper ? [track.value, track.upper] : [track.value]))];
    this.rounds = this.places.map((at) => this.roundOf(at));
    this.full = [this.places[0], this.places[this.places.length - 1]];
    this.build();
  }

  build() {
    const times = this.plot.kind === "percentiles" || this.plot.values === "times";
    this.host = element("div", "live");
    const bar = element("div", "live-bar");
    const names = element("div", "live-names");
    names.setAttribute("role", "group");
    names.setAttribute("aria-label", "Variants shown in all plots");
    for (const track of this.tracks) names.append(nameButton(track.series));
    this.back = element("button", "live-back", "Whole range");
    this.back.type = "button";
    this.back.hidden = true;
    this.back.addEventListener("click", () => { this.reset(); this.stage.focus({ preventScroll: true }); });
    bar.append(names, this.back);
    const unit = element("p", "live-unit", `${this.plot.name || "response time"}${times ? ", logarithmic" : ""}`);
    this.stage = element("div", "live-stage");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-roledescription", "plot");
    this.stage.setAttribute("aria-label", `${this.plot.title}. ${this.plot.said} Left and right arrows read the figures, plus and minus zoom, Escape shows the whole range.`);
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("blur", () => this.leave());
    this.tip = element("div", "live-tip");
    this.tip.setAttribute("aria-hidden", "true");
    this.heard = element("p", "heard");
    this.heard.setAttribute("role", "status");
    this.host.append(bar, unit, this.stage, this.heard);
    this.figure.prepend(this.host);
    new ResizeObserver(() => this.fit()).observe(this.stage);
  }

  height(width) { return Math.round(Math.min(this.plot.kind === "percentiles" ? 400 : 340, Math.max(260, width * 0.62))); }

  // Drawn when it first has room: not while its section is folded.
  fit() {
    const width = Math.floor(this.stage.clientWidth);
    if (width < 120) return;
    if (!this.u) {
      this.u = new uPlot(options(this, width), this.data, this.stage);
      this.u.over.append(this.tip);
      this.figure.classList.add("has-live");
    } else if (this.u.width !== width) {
      this.u.setSize({ width, height: this.height(width) });
    }
  }

  roundOf(at) {
    const round = (this.plot.rounds || []).find(([, from, to]) => at >= from && at <= to);
    return round ? round[0] : null;
  }

  tell() {
    const { left, idx } = this.u.cursor;
    const off = left === null || left === undefined || left < 0 || idx === null || idx === undefined;
    this.tip.classList.toggle("on", !off);
    if (off) return;
    const rows = this.tracks.filter((track) => !hidden.has(track.series)).map((track) => {
      const row = element("div", "live-row");
      const [figure, elsewhere] = said(this, track, idx);
      const { name, ink: number } = DATA.series[track.series];
      row.append(element("span", `live-dot s${number}`), element("span", "live-name", name), element("b", "", figure), element("i", "", elsewhere));
      return row;
    });
    this.tip.replaceChildren(element("div", "live-head", heading(this, idx)), ...rows);
    const [room, width] = [this.u.over.clientWidth, this.tip.offsetWidth];
    const right = left + 14 + width <= room + 10;
    this.tip.style.left = `${right ? left + 14 : Math.max(left - 14 - width, room - width < 0 ? room - width : 0)}px`;
  }

  leave() { if (this.u) this.u.setCursor({ left: -10, top: -10 }); this.heard.textContent = ""; }

  zoomed() {
    if (!this.u) return;
    const { min, max } = this.u.scales.x;
    const slack = (this.full[1] - this.full[0]) * 1e-6;
    this.back.hidden = min <= this.full[0] + slack && max >= this.full[1] - slack;
    if (this.plot.kind !== "timeline") return;
    for (const other of charts) {
      if (other === this || other.plot.kind !== "timeline" || !other.u) continue;
      const x = other.u.scales.x;
      const [low, high] = [Math.max(min, other.full[0]), Math.min(max, other.full[1])];
      if (Math.abs(x.min - low) > slack || Math.abs(x.max - high) > slack) other.u.setScale("x", { min: low, max: high });
    }
  }

  reset() { this.u.setScale("x", { min: this.full[0], max: this.full[1] }); }

  zoom(factor) {
    const { min, max } = this.u.scales.x;
    const { idx } = this.u.cursor;
    const place = idx === null || idx === undefined ? (min + max) / 2 : Math.min(max, Math.max(min, this.places[idx]));
    const low = Math.max(this.full[0], place - (place - min) * factor);
    const high = Math.min(this.full[1], place + (max - place) * factor);
    if (high - low > (this.full[1] - this.full[0]) * 1e-4) this.u.setScale("x", { min: low, max: high });
  }

  // Moves the cursor to the next place in sight at which anything is shown.
  step(by, from) {
    const { min, max } = this.u.scales.x;
    const shown = (i) => this.places[i] >= min && this.places[i] <= max &&
      this.tracks.some((track) => !hidden.has(track.series) && track.value[i] !== null);
    let at = from;
    do { at += by; } while (at >= 0 && at < this.places.length && !shown(at));
    if (at < 0 || at >= this.places.length) return;
    this.u.setCursor({ left: this.u.valToPos(this.places[at], "x"), top: 10 });
    const figures = this.tracks.filter((track) => !hidden.has(track.series))
      .map((track) => `${DATA.series[track.series].name} ${said(this, track, at).filter(Boolean).join(" ")}`);
    this.heard.textContent = `${heading(this, at)}: ${figures.join("; ")}`;
  }

  key(event) {
    if (!this.u || event.ctrlKey || event.metaKey || event.altKey) return;
    const { idx } = this.u.cursor;
    const here = idx === null || idx === undefined ? -1 : idx;
    const keys = {
      ArrowRight: () => this.step(1, here), ArrowLeft: () => this.step(-1, here < 0 ? this.places.length : here),
      Home: () => this.step(1, -1), End: () => this.step(-1, this.places.length),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      Escape: () => { this.reset(); this.leave(); }, 0: () => this.reset(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  // Follows what was switched on or off.
  update() {
    if (!this.u) return;
    this.u.batch(() => this.lines.forEach((line, i) => {
      if (line && this.u.series[i].show === hidden.has(line.series)) this.u.setSeries(i, { show: !hidden.has(line.series) });
    }));
    this.tell();
  }
}

const buttons = [];

function nameButton(series) {
  const button = element("button", "live-toggle");
  button.type = "button";
  button.append(element("span", `live-dot s${DATA.series[series].ink}`), element("span", "live-name", DATA.series[series].name));
  button.setAttribute("aria-pressed", "true");
  button.addEventListener("click", () => toggle(series));
  buttons.push([series, button]);
  return button;
}

function toggle(series) {
  if (!hidden.delete(series)) hidden.add(series);
  for (const [of, button] of buttons) button.setAttribute("aria-pressed", String(!hidden.has(of)));
  for (const chart of charts) chart.update();
  for (const row of document.querySelectorAll("[data-series]")) {
    row.classList.toggle("switched-off", hidden.has(Number(row.dataset.series)));
  }
  dim();
}

// Marks of the static plots that stay: faint where their variant is switched off, as long as no two share an ink.
function dim() {
  if (DATA.series.length > 8) return;
  const rules = [...hidden].map((series) => DATA.series[series].ink)
    .flatMap((number) => [16, 32].map((from) => `.plot .k${from + number}, .plot .f${from + number} { opacity: .15 }`));
  dimmed.textContent = `@media screen { ${rules.join(" ")} }`;
}
const dimmed = document.head.appendChild(document.createElement("style"));
