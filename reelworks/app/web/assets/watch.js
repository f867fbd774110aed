// The player, the transcript and the scenes go together.

export function followVideo() {
  const player = document.querySelector("#player video, #player audio");
  if (!player) return;
  const lines = timed("#lines a");
  const scenes = timed("[data-strip] a");
  const follow = document.getElementById("follow");
  if (follow) follow.closest("label").hidden = false;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-t]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    jump(player, Number(link.dataset.t));
    history.replaceState(null, "", link.getAttribute("href").replace("#player", ""));
    if (link.closest(".seen")) document.getElementById("player").scrollIntoView({ block: "nearest" });
  });
  const show = () => {
    mark(lines, player.currentTime, (link) => follow.checked && bring(link));
    mark(scenes, player.currentTime, bring);
  };
  player.addEventListener("timeupdate", show);
  player.addEventListener("seeking", show);
  const strip = document.querySelector("[data-strip]");
  if (strip) arrows(strip, scenes, ["ArrowLeft", "ArrowRight"]);
  const list = document.getElementById("lines");
  if (list) arrows(list, lines, ["ArrowUp", "ArrowDown"]);
  document.addEventListener("keydown", (event) => keys(event, player));
  const start = new URLSearchParams(location.search).get("t");
  if (start) whenReady(player, () => (player.currentTime = Number(start)));
}

function timed(selector) {
  return [...document.querySelectorAll(selector)].map((link) => ({
    link,
    start: Number(link.dataset.t),
    end: Number(link.dataset.end),
  }));
}

function whenReady(player, act) {
  if (player.readyState >= HTMLMediaElement.HAVE_METADATA) act();
  else player.addEventListener("loadedmetadata", act, { once: true });
}

function jump(player, seconds) {
  whenReady(player, () => {
    player.currentTime = seconds;
    player.play().catch(() => {}); // a browser may want a press on the player first
  });
  if (player.readyState === HTMLMediaElement.HAVE_NOTHING) player.load();
}

function mark(items, seconds, bringIt) {
  const now = items.findLast((item) => item.start <= seconds + 0.05 && seconds < item.end);
  for (const item of items) {
    const is = item === now;
    if (is === item.link.hasAttribute("aria-current")) continue;
    if (is) {
      item.link.setAttribute("aria-current", "true");
      bringIt(item.link);
    } else item.link.removeAttribute("aria-current");
  }
}

/** Scrolls the list alone, never the page, so that the item can be seen. */
function bring(link) {
  const list = link.closest("ol");
  const [box, frame] = [link.getBoundingClientRect(), list.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom) {
    list.scrollTop += box.top - frame.top - frame.height / 3;
  }
  if (box.left < frame.left || box.right > frame.right) {
    list.scrollLeft += box.left - frame.left - frame.width / 3;
  }
}

/** One item of the list takes part in the order of Tab; arrows go between them. */
function arrows(list, items, [back, on]) {
  const links = items.map((item) => item.link);
  links.forEach((link, position) => (link.tabIndex = position === 0 ? 0 : -1));
  list.removeAttribute("tabindex");
  list.addEventListener("focusin", (event) => {
    const at = event.target.closest("a");
    if (at) for (const link of links) link.tabIndex = link === at ? 0 : -1;
  });
  list.addEventListener("keydown", (event) => {
    const at = links.indexOf(document.activeElement);
    const to = { [back]: at - 1, [on]: at + 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || to === undefined || !links[to]) return;
    event.preventDefault();
    links[to].focus();
  });
}

/** Space or k: play or pause; j and l: ten seconds back and on. Not while something is typed. */
function keys(event, player) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== document.body) return;
  const acts = {
    " ": () => (player.paused ? player.play() : player.pause()),
    k: () => (player.paused ? player.play() : player.pause()),
    j: () => (player.currentTime -= 10),
    l: () => (player.currentTime += 10),
  };
  if (!acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
}
