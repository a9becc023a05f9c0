// What a reader's own topic would have brought, while it is written; the form's button shows the same without this.
"use strict";
const zones = document.getElementById("zones");
if (zones && Intl.supportedValuesOf) {
  zones.append(...Intl.supportedValuesOf("timeZone").map((name) => new Option(name, name)));
}
const guess = document.querySelector("[data-guess]");
if (guess) guess.value = Intl.DateTimeFormat().resolvedOptions().timeZone || guess.value;

for (const form of document.querySelectorAll("form[data-topic]")) {
  const box = form.querySelector("[data-preview]");
  if (!box) continue;
  let timer, busy = false, again = false;
  const ask = async () => {
    again = busy; // one question at a time: what was typed meanwhile is asked next
    if (busy) return;
    busy = true;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("do", "preview");
    fields.delete("address"); // a preview is nobody's
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(location.pathname, { method: "POST", body: fields });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const name = form.elements.name?.value ?? "";
      const same = [...page.querySelectorAll("form[data-topic]")].find((other) => (other.elements.name?.value ?? "") === name);
      const found = same?.querySelector("[data-preview]");
      if (found) box.replaceChildren(...found.childNodes);
    } catch (error) {
      console.debug(error.name); // the button is still there
    } finally {
      busy = false;
      box.removeAttribute("aria-busy");
      if (again) ask();
    }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.closest(".fields")) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 500);
  });
}
