// Running jobs, as they progress: one stream for the whole page, and none while the page is hidden.

import { announce, loaded, nameLanguages } from "./page.js";

const REFRESH_MS = 1500;
const quarters = new Map();
/** What the server sent of each live part, before languages were named and players marked lines. */
const served = new Map([...document.querySelectorAll("[data-live]")].map((item) => [item.id, item.outerHTML]));
let stream = null;
let due = null;
let before = null;

export function followJobs() {
  if (!document.querySelector("nav[aria-label=Main]")) return;
  const watch = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", watch);
  addEventListener("pagehide", close);
  addEventListener("pageshow", watch);
  watch();
}

function open() {
  if (stream) return;
  stream = new EventSource("/pages/live");
  stream.addEventListener("jobs", (event) => show(JSON.parse(event.data)));
}

function close() {
  stream?.close();
  stream = null;
}

function show(now) {
  const badge = document.getElementById("nav-running");
  const running = now.counts.running;
  badge.textContent = running;
  badge.hidden = running === 0;
  let stale = before !== null && JSON.stringify(now.counts) !== before;
  before = JSON.stringify(now.counts);
  for (const job of now.jobs) {
    for (const element of document.querySelectorAll(`[data-job="${CSS.escape(job.id)}"]`)) draw(element, job);
    for (const row of document.querySelectorAll(`[data-job-row="${CSS.escape(job.id)}"]`)) {
      if (row.dataset.status !== job.status) stale = true;
    }
    const card = document.getElementById(`video-${job.video}`);
    if (card && job.status === "running" && !card.querySelector(".progress")) stale = true;
  }
  const stages = document.getElementById("stage-table");
  if (stages && now.jobs.some((job) => document.querySelector(`[data-job-row="${CSS.escape(job.id)}"]`))) stale = true;
  if (stale && document.querySelector("[data-live]")) due ??= setTimeout(refresh, REFRESH_MS);
}

function draw(element, job) {
  const bar = element.querySelector("progress");
  bar.value = job.share;
  const percent = `${Math.round(job.share * 100)}%`;
  element.querySelector("[data-share]").textContent = percent;
  element.querySelector("[data-stages]").textContent = job.stages.join(", ");
  const quarter = Math.floor(job.share * 4);
  if (quarters.has(job.id) && quarters.get(job.id) !== quarter) announce(`${bar.getAttribute("aria-label")}: ${percent}`);
  quarters.set(job.id, quarter);
}

/** Reloads the page in the background and replaces what changed. */
async function refresh() {
  due = null;
  let page;
  try {
    page = await loaded(location.href.split("#")[0]);
  } catch {
    return; // the next event brings another try
  }
  const active = document.activeElement;
  const parts = [];
  const list = document.querySelector("[data-live-list]");
  const incoming = page.querySelector("[data-live-list]");
  if (!list && incoming) return void location.reload(); // the first one came
  if (list?.hasAttribute("data-grows") && incoming) {
    const news = [...incoming.children].filter((item) => !document.getElementById(item.id));
    for (const item of news.reverse()) list.prepend(item);
    if (news.length) document.getElementById("empty")?.remove();
  }
  for (const item of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(item.id);
    const sent = item.outerHTML;
    if (!old || (served.get(item.id) ?? old.outerHTML) === sent || old.querySelector("details[open] form")) continue;
    served.set(item.id, sent);
    takeOver(old, item, active);
    parts.push(item.id);
  }
  if (parts.length) document.dispatchEvent(new CustomEvent("parts-replaced", { detail: { page, parts } }));
}

function takeOver(old, item, active) {
  const ticked = old.querySelector("input[type=checkbox]")?.checked ?? false;
  const focused = old.contains(active) ? [...old.querySelectorAll("a, button, input")].indexOf(active) : -1;
  const failed = item.dataset.status === "failed" && old.dataset.status !== "failed";
  const ready = item.dataset.status === "ready" && old.dataset.status !== "ready";
  const lists = [...old.querySelectorAll("ol[id], ol[data-strip]")].map((list) => [list.scrollLeft, list.scrollTop]);
  nameLanguages(item);
  old.replaceWith(item);
  item.querySelectorAll("ol[id], ol[data-strip]").forEach((list, at) => lists[at] && list.scrollTo(...lists[at]));
  const box = item.querySelector("input[type=checkbox]");
  if (box) box.checked = ticked;
  if (focused >= 0) item.querySelectorAll("a, button, input")[focused]?.focus();
  const name = item.querySelector("h2 a, .what a")?.textContent;
  if (name && (failed || ready)) announce(`${name} ${failed ? "failed" : "is ready"}`);
}
