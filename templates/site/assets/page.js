// What every page does beyond being read: the theme switch, formulas, BibTeX to the clipboard, the neighbouring
// mailings. Builds elements and text, never markup.
"use strict";
const root = document.documentElement;
const byId = (id) => document.getElementById(id);

const themeSwitch = byId("theme");
const wantsDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wantsDark.matches);
const showTheme = () => themeSwitch.setAttribute("aria-pressed", String(isDark()));
themeSwitch.hidden = false;
themeSwitch.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("paperboy-theme", root.dataset.theme); } catch { /* not kept, then */ }
  showTheme();
});
wantsDark.addEventListener("change", showTheme);
showTheme();

// "2026-03-06" as the pages' own dates are written: Fri 6 Mar 2026. The form of toUTCString is the standard's.
const readable = (day) => new Date(day).toUTCString().slice(0, 16).replace(",", "").replace(" 0", " ");

// A script rather than a request, because a page opened from a folder may not ask for files.
function load(path) {
  return new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = loaded;
    script.onerror = () => failed(new Error(path));
    document.head.append(script);
  });
}

// Formulas: each holds its TeX beside the plain text that stands when KaTeX does not know it.
function typeset(formula) {
  if (formula.dataset.done) return;
  formula.dataset.done = "yes";
  const drawn = document.createElement("span");
  try {
    katex.render(formula.dataset.tex, drawn, { displayMode: formula.classList.contains("display"), trust: false, maxSize: 2, maxExpand: 100 });
    formula.replaceChildren(...drawn.childNodes);
  } catch { /* the plain text stays */ }
}
const formulas = [...document.querySelectorAll(".tex")];
if (formulas.length && window.katex) {
  const typesetIn = (paper) => paper.querySelectorAll(".tex").forEach(typeset);
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      typesetIn(target);
    }
  }, { rootMargin: "1200px" });
  new Set(formulas.map((formula) => formula.closest(".paper"))).forEach((paper) => near.observe(paper));
  addEventListener("beforeprint", () => formulas.forEach(typeset));
}

const copy = byId("copy");
if (copy) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const entries = [...document.querySelectorAll("pre.bibtex")].map((entry) => entry.textContent.trim());
    try {
      await navigator.clipboard.writeText(entries.join("\n\n") + "\n");
      byId("said").textContent = `Copied ${entries.length} ${entries.length === 1 ? "entry" : "entries"}.`;
    } catch {
      byId("said").textContent = "The browser did not let us copy; the .bib file has the same.";
    }
  });
}

const brief = byId("brief");
if (brief) {
  brief.hidden = false;
  brief.addEventListener("click", () => {
    brief.setAttribute("aria-pressed", String(document.body.classList.toggle("titles-only")));
  });
}

const neighbours = byId("neighbours");
if (neighbours) {
  window.paperboy = {
    mailings(days) { // newest first
      const here = days.indexOf(neighbours.dataset.day);
      for (const [id, day] of [["earlier", days[here + 1]], ["later", days[here - 1]]]) {
        if (here < 0 || !day) continue;
        const link = document.createElement("a");
        link.id = id;
        link.rel = id === "earlier" ? "prev" : "next";
        link.href = `${day}.html`;
        link.textContent = id === "earlier" ? `← ${readable(day)}` : `${readable(day)} →`;
        id === "earlier" ? neighbours.prepend(link) : neighbours.append(link);
      }
    },
  };
  load("mailings.js").catch(() => {}); // without it there is the calendar
}
