// What every page does beyond being read: the theme switch, formulas, BibTeX to the clipboard, order, filter and keys,
// exact places, the neighbouring mailings. Builds elements and text, never markup.
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

// Papers that are not near have a guessed height, until somebody goes to one by its address: that place has to be exact.
const measured = () => {
  document.body.classList.remove("guessed");
  byId(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
};
if (!location.hash) document.body.classList.add("guessed");
addEventListener("hashchange", measured);
if (location.hash) addEventListener("load", measured);

const paperList = byId("papers");
const articles = paperList ? [...paperList.querySelectorAll("article")] : [];
const listing = byId("listing");
if (listing) {
  const ranked = [...articles];
  const listed = [...articles].sort((a, b) => a.dataset.listed - b.dataset.listed);
  listing.hidden = false;
  listing.addEventListener("click", () => {
    const isListed = listing.getAttribute("aria-pressed") !== "true";
    listing.setAttribute("aria-pressed", String(isListed));
    articles.splice(0, articles.length, ...(isListed ? listed : ranked));
    paperList.append(...articles);
  });
}

// As the program folds: case, accents, hyphens and dashes do not matter.
function fold(text) {
  const plain = /^[\x20-\x7e]*$/.test(text) ? text : text.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.toLowerCase().replace(/[\s\u2010-\u2015\u2212-]+/gu, " ");
}
// Words, and phrases in quotes.
const wordsOf = (text) => [...text.matchAll(/["“”]([^"“”]+)["“”]?|[^\s"“”]+/gu)].map((found) => fold(found[1] ?? found[0]).trim()).filter(Boolean);

const filterField = byId("words");
if (filterField) {
  byId("filter").hidden = false;
  const texts = new Map();
  const textOf = (article) => {
    if (!texts.has(article)) texts.set(article, fold(["h2", ".authors", ".chips", ".abstract"].map((part) => article.querySelector(part)?.textContent ?? "").join(" ")));
    return texts.get(article);
  };
  filterField.addEventListener("input", () => {
    const wanted = wordsOf(filterField.value);
    let left = 0;
    for (const article of articles) {
      article.hidden = !wanted.every((word) => textOf(article).includes(word));
      left += !article.hidden;
    }
    byId("left").textContent = wanted.length ? `${left} of ${articles.length}` : "";
  });
  filterField.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    filterField.value = "";
    filterField.dispatchEvent(new Event("input"));
    filterField.blur();
  });
}

if (articles.length) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, pre")) return;
    if (event.key === "/" && filterField) {
      event.preventDefault();
      filterField.focus();
    }
    if (event.key !== "j" && event.key !== "k") return;
    const seen = articles.filter((article) => !article.hidden);
    const here = seen.indexOf(document.activeElement.closest?.("article"));
    const top = seen.findIndex((article) => article.getBoundingClientRect().bottom > 1);
    const step = event.key === "j" ? 1 : -1;
    const next = seen[here < 0 ? (step > 0 ? Math.max(top, 0) : top - 1) : here + step];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView();
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
