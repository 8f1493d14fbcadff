// Opens what a link leads to, copies links, prints what is folded, and says in the list of sections where the reader is.
// A link into something folded opens it.
function reveal() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target) return;
  const inner = target.matches("details") ? target : target.querySelector(":scope > details");
  if (inner) inner.open = true;
  for (let up = target.parentElement; up; up = up.parentElement) if (up.matches("details")) up.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

for (const mark of document.querySelectorAll("a.mark")) {
  mark.addEventListener("click", () => {
    navigator.clipboard?.writeText(mark.href).then(() => {
      mark.classList.add("copied");
      setTimeout(() => mark.classList.remove("copied"), 1500);
    }, () => {}); // not allowed: the address bar has it
  });
}

// Everything is printed, also what is folded.
const folded = [];
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open]):not(.explain)")) {
    details.open = true;
    folded.push(details);
  }
});
addEventListener("afterprint", () => { for (const details of folded.splice(0)) details.open = false; });

const entries = new Map([...document.querySelectorAll("nav a")].map((entry) => [entry.hash.slice(1), entry]));
const watched = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) target.classList.toggle("in-sight", isIntersecting);
  const here = [...document.querySelectorAll("section.in-sight")].pop();
  for (const [id, entry] of entries) {
    if (here && id === here.id) entry.setAttribute("aria-current", "location");
    else entry.removeAttribute("aria-current");
  }
}, { rootMargin: "-10% 0px -60% 0px" });
for (const section of document.querySelectorAll("section.part")) watched.observe(section);
