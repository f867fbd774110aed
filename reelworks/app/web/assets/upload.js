// Files that are dropped anywhere on the page, or chosen, go to the library.

import { announce, proof } from "./page.js";

const AT_ONCE = 2;
const waiting = [];
let busy = 0;

export function takeUploads(form) {
  form.hidden = false;
  const mostBytes = Number(form.dataset.mostMb) * 1e6;
  const chooser = form.querySelector("input[type=file]");
  chooser.addEventListener("change", () => {
    take([...chooser.files], mostBytes);
    chooser.value = "";
  });
  const drop = document.getElementById("drop");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) drop.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.hidden = true;
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    drop.hidden = true;
    take([...event.dataTransfer.files], mostBytes);
  });
}

function take(files, mostBytes) {
  document.getElementById("uploads").hidden = false;
  for (const file of files) {
    const line = lineOf(file);
    if (file.size > mostBytes) fail(line, `The file is larger than ${mostBytes / 1e6} MB.`);
    else waiting.push({ file, line });
  }
  next();
}

function next() {
  while (busy < AT_ONCE && waiting.length) send(waiting.shift());
}

function lineOf(file) {
  const line = document.createElement("li");
  const name = Object.assign(document.createElement("span"), { textContent: file.name });
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: "Cancel" });
  cancel.setAttribute("aria-label", `Cancel the upload of ${file.name}`);
  cancel.addEventListener("click", () => {
    const at = waiting.findIndex((one) => one.line === line);
    if (at >= 0) waiting.splice(at, 1);
    line.dispatchEvent(new Event("give-up"));
    line.remove();
    announce(`The upload of ${file.name} was cancelled.`);
  });
  const word = Object.assign(document.createElement("p"), { className: "quiet", textContent: "Waits" });
  line.append(name, cancel, bar, word);
  document.querySelector("#uploads ol").append(line);
  return line;
}

function send({ file, line }) {
  busy += 1;
  const request = new XMLHttpRequest(); // fetch does not report upload progress
  const [bar, word] = [line.querySelector("progress"), line.querySelector("p")];
  line.addEventListener("give-up", () => request.abort());
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.total ? event.loaded / event.total : 0;
    word.textContent = event.loaded < event.total ? `${Math.floor(bar.value * 100)}%` : "Being stored";
  });
  request.addEventListener("load", () => answered(request, file, line));
  request.addEventListener("error", () => fail(line, "The server was not reached; try again."));
  request.addEventListener("loadend", () => {
    busy -= 1;
    next();
  });
  request.open("POST", "/videos");
  request.setRequestHeader("Accept", "application/json");
  for (const [name, value] of Object.entries(proof())) request.setRequestHeader(name, value);
  const form = new FormData();
  const library = new URLSearchParams(location.search).get("library");
  if (library) form.append("library", library);
  form.append("file", file);
  request.send(form);
}

function answered(request, file, line) {
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    return fail(line, `The server answered ${request.status}; try again.`);
  }
  if (request.status >= 300) return fail(line, answer.detail);
  const word = line.querySelector("p");
  const link = Object.assign(document.createElement("a"), {
    href: `/watch/${answer.video.id}`,
    textContent: answer.video.title,
  });
  line.querySelector("span").replaceChildren(link);
  line.querySelector("progress").remove();
  line.querySelector("button").remove();
  const state = answer.job ? "Added; its job is in the queue." : "The library has this video already.";
  word.textContent = [state, ...answer.notes].join(" ");
  announce(`${file.name}: ${word.textContent}`);
}

function fail(line, reason) {
  const word = line.querySelector("p");
  word.className = "reason";
  word.textContent = reason;
  line.querySelector("progress")?.remove();
  const button = line.querySelector("button");
  button.textContent = "Dismiss";
  button.setAttribute("aria-label", `Dismiss the failed upload of ${line.querySelector("span").textContent}`);
  announce(`${line.querySelector("span").textContent}: ${reason}`);
}
