// Shows of all runs those that hold every word typed, in their text or in the name of their workload.
const runs = [...document.querySelectorAll(".runs > li")].map((item) => ({
  item, text: `${item.closest("section")?.querySelector("h2").textContent ?? ""} ${item.textContent}`.toLowerCase(),
}));

const tools = document.createElement("div");
tools.className = "tools";
const label = document.createElement("label");
label.textContent = "Filter ";
const field = document.createElement("input");
field.type = "search";
field.placeholder = "workload, machine, refuted, not valid …";
label.append(field);
const told = document.createElement("p");
told.className = "note";
told.setAttribute("role", "status");
tools.append(label, told);
document.querySelector("nav")?.before(tools);

const folds = [...document.querySelectorAll("details.fold")];
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { item, text } of runs) {
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) shown += 1;
  }
  for (const fold of folds) fold.open = words.length > 0;
  for (const section of document.querySelectorAll("section.part")) {
    const items = [...section.querySelectorAll(".runs > li")];
    if (items.length) section.hidden = items.every((item) => item.hidden);
  }
  told.textContent = words.length ? `${shown} of ${runs.length} shown` : "";
});
