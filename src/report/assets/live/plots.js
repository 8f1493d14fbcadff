// Plots that can be hovered and zoomed. Each stands in the figure of its static plot, which stays for print.
const MOST_MARKS = 400;
const hidden = new Set(); // series that the reader has switched off, in every plot
const charts = [];

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text; // never markup: names come from outside
  return made;
}

const font = "12px " + LETTERS;
const widthOf = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  return (text) => {
    pen.font = font;
    return pen.measureText(text).width;
  };
})();

// Columns for uPlot: the places, then for each series its figure and its upper figure (or nothing).
function columns(plot) {
  if (plot.kind === "percentiles") {
    const places = plot.rest.map((rest) => -Math.log10(rest) + 0);
    const full = (us) => places.map((_, i) => (i < us.length ? us[i] : null));
    return { places, tracks: plot.curves.map((curve) => ({ series: curve.series, value: full(curve.us), upper: null })) };
  }
  const ends = plot.rounds.length ? [0, Math.max(...plot.rounds.map((round) => round[2]))] : [];
  const places = [...new Set([...ends, ...plot.tracks.flatMap((track) => track.at_s)])].sort((a, b) => a - b);
  const index = new Map(places.map((place, i) => [place, i]));
  const spread = (track, figures) => {
    const column = new Array(places.length).fill(null);
    track.at_s.forEach((at, i) => { column[index.get(at)] = figures[i]; });
    return column;
  };
  const tracks = plot.tracks.map((track) => ({
    series: track.series,
    value: spread(track, track.value),
    upper: track.upper ? spread(track, track.upper) : null,
  }));
  return { places, tracks };
}

function axis(side, settings) {
  return {
    side, font, stroke: () => ink("muted"), grid: { stroke: () => ink("grid"), width: 1 },
    ticks: { show: false }, gap: 7, filter: (_, ticks) => ticks, ...settings,
  };
}

function figureAxis(plot) {
  const times = plot.kind === "percentiles" || plot.values === "times";
  return axis(3, {
    scale: "y",
    splits: (u, _, low, high) => {
      const room = Math.max(2, Math.floor((u.height - 60) / 34));
      return times ? logTicks(low, high, room) : linearTicks(low, high, Math.min(room, 6));
    },
    values: (_, ticks) => ticks.map((tick) => (times ? time(tick, trimmed) : trimmed(tick))),
    size: (_, labels) => 14 + Math.max(24, ...(labels || []).map((label) => widthOf(label || ""))),
  });
}

function placeAxis(plot) {
  const named = { scale: "x", labelSize: 20, labelGap: 2, labelFont: font, size: 26 };
  if (plot.kind === "percentiles") {
    return axis(2, {
      ...named, label: "percentile of operations",
      splits: (u, _, low, high) => nineTicks(low, high, Math.max(2, Math.floor((u.width - 70) / 64))),
      // The median needs the room more than the origin does.
      values: (u, ticks) => ticks.map((tick) => (tick === 0 && u.valToPos(Math.log10(2), "x") < 52 ? "" : percentile(10 ** -tick, "%"))),
    });
  }
  return axis(2, {
    ...named, label: "seconds since the first round began",
    splits: (u, _, low, high) => linearTicks(low, high, Math.max(2, Math.floor((u.width - 70) / 80))),
    values: (_, ticks) => ticks.map(trimmed),
  });
}

// Whether so few samples are in sight that each can have a mark and a line up to its p99.
function marked(u) {
  const [from, to] = u.series[0].idxs || [0, u.data[0].length - 1];
  return to - from < MOST_MARKS;
}

function lines(plot, track) {
  const solid = () => ink(`s${DATA.series[track.series].ink}`);
  const faint = () => ink(`f${DATA.series[track.series].ink}`);
  const name = DATA.series[track.series].name;
  const shown = !hidden.has(track.series);
  if (plot.kind === "percentiles") {
    return [{ label: name, scale: "y", show: shown, stroke: solid, width: 2, points: { show: false } }];
  }
  const line = {
    label: name, scale: "y", show: shown, spanGaps: true, width: 1.25,
    stroke: (u) => (marked(u) ? faint() : solid()),
    points: { show: (u) => marked(u), size: 6, width: 0, stroke: solid, fill: solid },
  };
  // Holds the axis open for the upper figures; they are drawn by `whiskers`.
  const upper = { label: `${name}, p99`, scale: "y", show: shown, paths: () => null, points: { show: false }, stroke: faint };
  return track.upper ? [line, upper] : [line];
}

function whiskers(chart) {
  return (u, at) => {
    const line = chart.lines[at];
    if (!line || !line.isUpper || !u.series[at].show || !marked(u)) return;
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    const [from, to] = u.series[0].idxs || [0, u.data[0].length - 1];
    const cap = 2.5 * devicePixelRatio;
    for (let i = from; i <= to; i += 1) {
      const [low, high] = [u.data[at - 1][i], u.data[at][i]];
      if (low === null || high === null) continue;
      const [x, y0, y1] = [u.valToPos(u.data[0][i], "x", true), u.valToPos(low, "y", true), u.valToPos(high, "y", true)];
      ctx.moveTo(x, y0); ctx.lineTo(x, y1);
      ctx.moveTo(x - cap, y1); ctx.lineTo(x + cap, y1);
    }
    ctx.strokeStyle = ink(`f${DATA.series[line.series].ink}`);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.stroke();
    ctx.restore();
  };
}

// Every other round shaded, each with its number where there is room.
function rounds(plot) {
  return (u) => {
    const { ctx, bbox } = u;
    const lift = 18 * devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px ${LETTERS}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    let free = -Infinity;
    for (const [number, from, to] of plot.rounds) {
      const edge = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(at, "x", true)));
      const [left, right] = [edge(from), edge(to)];
      if (right - left < 1) continue;
      if (number % 2 === 1) {
        ctx.fillStyle = ink("band");
        ctx.fillRect(left, bbox.top - lift, right - left, bbox.height + lift);
      }
      const long = `round ${number}`;
      const label = ctx.measureText(long).width + 8 * devicePixelRatio < right - left ? long : String(number);
      const [middle, half] = [(left + right) / 2, ctx.measureText(label).width / 2];
      if (middle - half > free) {
        ctx.fillStyle = ink("muted");
        ctx.fillText(label, middle, bbox.top - lift / 2);
        free = middle + half + 4 * devicePixelRatio;
      }
    }
    ctx.restore();
  };
}

function options(chart, width) {
  const { plot } = chart;
  const times = plot.kind === "percentiles" || plot.values === "times";
  const timeline = plot.kind === "timeline";
  const range = (_, low, high) => (times ? logRange(low, high) : zeroRange(high));
  const moves = (type) => type === "mousemove" || type === "mouseleave";
  return {
    width, height: chart.height(width), padding: [timeline ? 26 : 8, 12, 0, 0],
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: times ? 3 : 1, range } },
    axes: [placeAxis(plot), figureAxis(plot)],
    series: [{}, ...chart.tracks.flatMap((track) => lines(plot, track))],
    cursor: {
      y: false, points: { size: 8 }, drag: { x: true, y: false, dist: 6 },
      ...(timeline ? { sync: { key: "time", scales: ["x", null], setSeries: false, filters: { pub: moves, sub: moves } } } : {}),
    },
    hooks: {
      drawClear: timeline ? [rounds(plot)] : [],
      drawSeries: [whiskers(chart)],
      setCursor: [() => chart.tell()],
      setScale: [(u, key) => { if (key === "x") chart.zoomed(); }],
    },
  };
}
