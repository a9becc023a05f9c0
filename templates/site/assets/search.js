// Search over every mailing of the site, in the reader's browser: data/YYYY-MM.js holds a month, and is loaded when
// somebody searches, newest first; then, for who looks for words, data/YYYY-MM.abstracts.js, newest first too. What is looked for stands in the address, so that a search can be linked.
"use strict";
const AT_ONCE = 50;
const KINDS = ["new", "cross", "replace", "replace-cross"];
const KIND_NAMES = ["new", "cross-listed", "replaced", "replaced"];
const FIELDS = ["q", "author", "topic", "category", "type", "keyword"];

const form = byId("search");
const results = byId("results");
const said = byId("status");
const moreButton = byId("more");
const contents = byId("contents");
const topics = new Map([...form.elements.topic.options].filter((o) => o.value).map((o) => [o.value, o.text]));
const pending = form.dataset.months.split(" ").filter(Boolean); // newest first
const months = pending.length;
const pendingAbstracts = [...pending];
const failed = [];
const papers = []; // newest mailing first
const known = { category: new Set(), keyword: new Set() };
let found = [];
let shown = 0;
let read = 0;
let readAbstracts = 0;
let loading = null;
let loadingAbstracts = null;

// One line of a month's file: a topic's page of one mailing.
function add([topic, day, rows]) {
  if (!topics.has(topic)) return;
  for (const [id, version, title, authors, categories, kind, now, reconstructed, terms, withdrawn] of rows) {
    const known = month.get(day + id);
    if (known) {
      known.topics.push(topic);
      known.terms = [...new Set([...known.terms, ...terms])];
      continue;
    }
    const paper = { id, version, title, authors, categories, kind, now, reconstructed, terms, withdrawn, day, topics: [topic] };
    paper.names = fold(authors);
    paper.text = `${fold(title)}\n${paper.names}\n${id}`;
    month.set(day + id, paper);
  }
}
let month = new Map();

// The same of a month's abstracts.
function abstracts([, day, rows]) {
  for (const [id, abstract] of rows) {
    const paper = byPlace.get(day + id);
    if (!paper || paper.abstract) continue;
    paper.abstract = abstract;
    paper.text += `\n${fold(abstract)}`;
  }
}
const byPlace = new Map();
window.paperboy = { add, abstracts };

function options(select, name) {
  const chosen = select.value;
  const all = [...known[name]].sort((a, b) => a.localeCompare(b));
  select.replaceChildren(select.options[0], ...all.map((value) => new Option(value, value)));
  if (chosen && !known[name].has(chosen)) select.append(new Option(chosen, chosen));
  select.value = chosen;
}

async function loadAll() {
  while (pending.length) {
    const name = pending.shift();
    month = new Map();
    try {
      await load(`data/${name}.js`);
    } catch {
      failed.push(name);
    }
    const came = [...month.values()];
    month = new Map();
    for (const paper of came) {
      papers.push(paper);
      byPlace.set(paper.day + paper.id, paper);
      for (const category of paper.categories.split(" ")) if (category) known.category.add(category);
      for (const term of paper.terms) known.keyword.add(term);
    }
    options(form.elements.category, "category");
    options(form.elements.keyword, "keyword");
    read += 1;
    search(true);
    await new Promise((painted) => setTimeout(painted));
  }
}
const begin = () => (loading ??= loadAll());

async function loadAbstracts() {
  await begin();
  while (pendingAbstracts.length) {
    const name = pendingAbstracts.shift();
    try {
      await load(`data/${name}.abstracts.js`);
    } catch { /* titles and authors are searched all the same */ }
    readAbstracts += 1;
    const before = found.length;
    found = matching();
    if (isAsked() && found.length !== before) { // what is found in an abstract may stand between what is shown
      const upto = Math.max(shown, AT_ONCE);
      results.replaceChildren();
      shown = 0;
      show(upto);
    }
    say();
    await new Promise((painted) => setTimeout(painted));
  }
}
const beginAbstracts = () => (loadingAbstracts ??= loadAbstracts());

const wanted = () => Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value.trim()]));
const isAsked = () => Object.values(wanted()).some(Boolean);

function matching() {
  const { q, author, topic, category, type, keyword } = wanted();
  const words = wordsOf(q);
  if (words.length) beginAbstracts();
  const name = fold(author).trim();
  const tests = [];
  if (topic) tests.push((paper) => paper.topics.includes(topic));
  if (type) tests.push((paper) => type === "reconstructed" ? paper.reconstructed : KINDS[paper.kind] === type);
  if (category) tests.push((paper) => ` ${paper.categories} `.includes(` ${category} `));
  if (keyword) tests.push((paper) => paper.terms.includes(keyword));
  if (name) tests.push((paper) => paper.names.includes(name));
  for (const word of words) tests.push((paper) => paper.text.includes(word));
  return papers.filter((paper) => tests.every((test) => test(paper)));
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
const chip = (text, kind) => element("li", { className: kind ? `chip ${kind}` : "chip", textContent: text });

function item(paper) {
  const version = paper.kind > 1 ? `v${paper.version}` : "";
  const id = paper.id.split("/").map(encodeURIComponent).join("/");
  const kind = paper.now ? `new, now v${paper.now}` : KIND_NAMES[paper.kind] + (version && `: ${version}`);
  const chips = [chip(kind, "kind")];
  if (paper.kind === 3 || (paper.now && paper.kind === 1)) chips.push(chip("cross-listed", "kind"));
  if (paper.withdrawn) chips.push(chip("withdrawn", "unusual"));
  if (paper.reconstructed) chips.push(chip("reconstructed", "unusual"));
  chips.push(...paper.categories.split(" ").filter(Boolean).map((category) => chip(category)));
  chips.push(...paper.terms.map((term) => chip(term, "term")));
  const where = element("p", { className: "quiet authors" }, `${readable(paper.day)} · `);
  paper.topics.forEach((topic, place) => where.append(place ? ", " : "",
    element("a", { href: `${topic}/${paper.day}.html#${id}`, textContent: topics.get(topic) })));
  const seen = abstractShown(paper);
  return element("li", { className: "paper" },
    element("h3", {}, element("a", { href: `https://arxiv.org/abs/${id}${version}`, textContent: paper.title })),
    element("p", { className: "authors", textContent: paper.authors }),
    where,
    ...(seen ? [element("p", { className: "abstract", textContent: seen })] : []),
    element("ul", { className: "chips" }, ...chips));
}

// Why a paper was found whose title and authors do not say so.
function abstractShown(paper) {
  const hidden = wordsOf(wanted().q).filter((word) => !`${fold(paper.title)} ${paper.names} ${paper.id}`.includes(word));
  const sentence = paper.abstract?.split(/(?<=[.!?])\s+/u).find((each) => hidden.some((word) => fold(each).includes(word)));
  if (!sentence) return "";
  const place = Math.min(...hidden.map((word) => fold(sentence).indexOf(word)).filter((each) => each >= 0));
  const from = place > 200 ? sentence.indexOf(" ", place - 150) + 1 : 0;
  return (from ? "… " : "") + sentence.slice(from, from + 300) + (sentence.length > from + 300 ? "…" : "");
}

function show(upto) {
  results.append(...found.slice(shown, upto).map(item));
  shown = Math.max(shown, Math.min(found.length, upto));
  const left = found.length - shown;
  moreButton.hidden = !left;
  moreButton.textContent = `Show ${Math.min(AT_ONCE, left)} more of ${left.toLocaleString("en")}`;
}

function say() {
  const count = `${found.length.toLocaleString("en")} ${found.length === 1 ? "paper" : "papers"}`;
  const isReading = read < months || (loadingAbstracts && readAbstracts < months);
  const rest = read < months ? `, still reading: ${read} of ${months} months`
    : isReading ? `, still reading abstracts: ${readAbstracts} of ${months} months` : "";
  said.textContent = count + rest + (found.length || isReading ? "" : hint()) + (failed.length ? `; could not read ${failed.join(", ")}` : "");
}

// What may help where nothing is found.
function hint() {
  const { q, ...filters } = wanted();
  if (Object.values(filters).some(Boolean)) return ". A filter is set: fewer filters may find more.";
  if (/["“”]/.test(q)) return ". Without the quotes, the words may stand apart.";
  return wordsOf(q).length > 1 ? ". Every word has to be there: fewer words may find more." : ". Only papers that a topic of this site claimed are here.";
}

// `growing`: a further month came in. It is older than all before, so what is shown already stays.
function search(growing = false) {
  const asked = isAsked();
  byId("found").hidden = !asked;
  contents.hidden = asked;
  if (!asked) return;
  found = matching();
  if (!growing) {
    results.replaceChildren();
    shown = 0;
  }
  show(Math.max(shown, AT_ONCE));
  say();
}

function remember() {
  const state = new URLSearchParams(Object.entries(wanted()).filter(([, value]) => value)).toString();
  try { history.replaceState(null, "", state ? `#${state}` : location.pathname + location.search); } catch { /* from a folder */ }
}

function recall() {
  if (!location.hash.includes("=")) return;
  const state = new URLSearchParams(location.hash.slice(1));
  for (const name of FIELDS) {
    const field = form.elements[name];
    const value = state.get(name) ?? "";
    if (field.options && ![...field.options].some((option) => option.value === value)) {
      if (name !== "category" && name !== "keyword") continue;
      field.append(new Option(value, value));
    }
    field.value = value;
  }
  begin();
  search();
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("focusin", begin);
form.addEventListener("input", () => { begin(); search(); remember(); });
form.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
byId("clear").addEventListener("click", clear);
function clear() {
  form.reset();
  search();
  remember();
  form.elements.q.focus();
}
moreButton.addEventListener("click", () => {
  const next = results.children.length;
  show(shown + AT_ONCE);
  results.children[next]?.querySelector("a").focus();
});
addEventListener("hashchange", recall);
recall();
