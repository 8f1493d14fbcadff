// Starts the plots.
const DATA = JSON.parse(document.getElementById("figures-data")?.textContent || '{"series":[],"plots":[]}');

for (const plot of DATA.plots) {
  const figure = document.querySelector(`#${plot.id} figure`);
  if (figure) charts.push(new Chart(plot, figure));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.u?.redraw(false);
});
