// What pages do beyond links and forms. Every page works without it, but for uploads.

import { followJobs } from "./live.js";
import { playMoments } from "./moments.js";
import { takeUploads } from "./upload.js";
import { followVideo } from "./watch.js";
import { announce, loaded, nameLanguages } from "./page.js";

const $ = (selector) => document.querySelector(selector);

nameLanguages(document);
followJobs();
playMoments();
if ($("#upload")) takeUploads($("#upload"));
if ($("#player")) followVideo();

// "Show more" adds to the list instead of leaving the page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest(".more a[href^='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.ariaDisabled === "true") return;
  link.ariaDisabled = "true";
  try {
    const page = await loaded(link.href);
    const items = [...page.querySelectorAll("#items > *")];
    const list = $("#items");
    const fresh = items.filter((item) => !item.id || !document.getElementById(item.id));
    list.append(...fresh);
    nameLanguages(list);
    const more = page.querySelector(".more");
    if (more) link.closest(".more").replaceWith(more);
    else link.closest(".more").remove();
    fresh[0]?.querySelector("h2 a, h3 a, td a")?.focus();
    announce(`${fresh.length} more`);
  } catch (error) {
    link.ariaDisabled = "false";
    announce(error.message);
  }
});

// An open menu closes by Escape, and when something else is pressed.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

// Ticking jobs.
const all = $("#all");
if (all) {
  const boxes = () => [...document.querySelectorAll("input[name=job]")];
  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    $("#ticked").textContent = ticked ? ` ${ticked}` : "";
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    count();
  });
  $("#items").addEventListener("change", count);
  count();
}

// A sentence about what a form did is said once: loading the page again does not repeat it.
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  address.searchParams.delete("n");
  history.replaceState(null, "", address);
}
