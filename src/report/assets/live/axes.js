// Ends and ticks of axes, chosen as in the static plots.
const LETTERS = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", "Liberation Sans", sans-serif';

function niceBelow(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return ([5, 2, 1].find((m) => m * decade <= value * 1.000001) || 1) * decade;
}

function niceAbove(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((m) => m * decade >= value * 0.999999) || 10) * decade;
}

function logRange(low, high) {
  if (!(low > 0) || !(high > 0)) return [1, 10];
  return [niceBelow(low / 1.04), niceAbove(high * 1.04)];
}

function zeroRange(high) {
  if (!(high > 0)) return [0, 1];
  const step = niceAbove(high / 5);
  return [0, Math.ceil(high / step - 1e-9) * step];
}

function linearTicks(low, high, room) {
  const step = niceAbove((high - low) / Math.max(1, room));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6 && ticks.length < 100; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low, high, room) {
  const of = (multiples) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high * 1.000001; power += 1) {
      for (const m of multiples) {
        const tick = Number((m * 10 ** power).toPrecision(6));
        if (tick >= low * 0.999999 && tick <= high * 1.000001) ticks.push(tick);
      }
    }
    return ticks;
  };
  const fits = [[1, 2, 5], [1, 3], [1]].map(of).find((ticks) => ticks.length <= room);
  const ticks = fits || of([1]);
  return ticks.length < 2 ? linearTicks(low, high, room) : ticks;
}

// Places on the axis of nines (−log10 of the share above): whole nines, halves and fives between where there is room.
function nineTicks(low, high, room) {
  const places = (shares) => {
    const all = [];
    for (let nines = 0; nines <= 9; nines += 1) {
      for (const share of shares) all.push(nines - Math.log10(share));
    }
    return all.filter((place) => place >= low - 1e-9 && place <= high + 1e-9);
  };
  const coarse = [0, Math.log10(2), 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((p) => p >= low - 1e-9 && p <= high + 1e-9);
  if (high - low > 2) return coarse;
  const fine = [[1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], [1, 0.5, 0.2], [1, 0.5], [1]].map(places);
  const fits = fine.find((ticks) => ticks.length <= room);
  if (fits && fits.length >= 2) return fits;
  return linearTicks(low, high, Math.min(room, 4));
}
