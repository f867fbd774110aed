// What all parts of a page share.

/** Says something to screen readers, politely. */
export function announce(text) {
  document.getElementById("announce").textContent = text;
}

/** Returns another page of this server as a document; throws with the reason in words. */
export async function loaded(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) {
    throw new Error(page.getElementById("problem")?.textContent ?? `The server answered ${answer.status}.`);
  }
  return page;
}

/** Writes languages by their names. */
export function nameLanguages(root) {
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
  for (const element of root.querySelectorAll("[data-language]")) {
    element.textContent = names.of(element.dataset.language);
  }
}

/** Returns the header that shows that a request comes from a page of this server. */
export function proof() {
  const meta = document.querySelector("meta[name=csrf]");
  return meta ? { "X-CSRF-Token": meta.content } : {};
}
