// Numbers as the tables of the page write them: three significant digits, a unit that fits, "–" for what is unknown.
const ABSENT = "–";

function grouped(text) {
  const [whole, fraction] = text.split(".");
  const parts = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? parts : `${parts}.${fraction}`;
}

const exponent = (value) => Math.floor(Math.log10(Math.abs(value)));

// The value rounded to three significant digits, by the same steps as in the tables: a tie must fall to the same side.
function rounded(value) {
  const scale = 2 - exponent(value);
  return scale >= 0 ? Math.round(value * 10 ** scale) / 10 ** scale : Math.round(value / 10 ** -scale) * 10 ** -scale;
}

function significant(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return ABSENT;
  if (value === 0) return "0";
  const near = rounded(value);
  const decimals = Math.min(9, Math.max(0, 2 - exponent(near)));
  return grouped(near.toFixed(decimals));
}

function trimmed(value) {
  const text = significant(value);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// [divisor of microseconds, unit]
function unitOf(us) {
  const size = Math.abs(rounded(us));
  if (size < 1) return [1e-3, "ns"];
  if (size < 1e3) return [1, "µs"];
  if (size < 1e6) return [1e3, "ms"];
  return [1e6, "s"];
}

function time(us, digits = significant) {
  if (us === null || us === undefined || !Number.isFinite(us)) return ABSENT;
  if (us === 0) return "0 µs";
  const [divisor, unit] = unitOf(us);
  return `${digits(us / divisor)} ${unit}`;
}

// The percentile that leaves `rest` of the operations above it: `p50`, `p99.9`.
function percentile(rest, sign = "p") {
  const decimals = Math.min(7, Math.max(0, Math.ceil(-Math.log10(100 * rest) - 1e-9) + 2));
  const text = (100 * (1 - rest)).toFixed(decimals);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return sign === "p" ? `p${short}` : `${short} %`;
}
