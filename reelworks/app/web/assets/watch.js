// The player, the transcript and the scenes go together.

/** Ends what follows a player that is replaced. */
let leaving = new AbortController();

/** Follows the player now, or as soon as the page has one. */
export function followVideo() {
  const player = document.querySelector("#player video, #player audio");
  if (player) start(player);
  document.addEventListener("parts-replaced", ({ detail: { page } }) => {
    if (!document.getElementById("player")) return;
    document.getElementById("layout").className = page.getElementById("layout").className;
    const now = document.querySelector("#player video, #player audio");
    const better = !now || (now.tagName === "AUDIO" && page.querySelector("#player video"));
    if (!better) takeCaptions(page);
    else if (!now || now.paused) takePlayer(page);
    else now.addEventListener("pause", () => takePlayer(page), { once: true });
  });
}

/** The first player of a video that had none, or pictures to the sound. What plays is never replaced. */
function takePlayer(page) {
  const seconds = document.querySelector("#player audio")?.currentTime;
  const player = page.querySelector("#player video, #player audio");
  leaving.abort();
  document.getElementById("player").replaceChildren(...page.getElementById("player").childNodes);
  if (!player) return;
  start(player);
  if (seconds) whenReady(player, () => (player.currentTime = seconds));
}

function takeCaptions(page) {
  const player = document.querySelector("#player video");
  const track = page.querySelector("#player track");
  if (player && track && !player.querySelector("track")) player.append(track);
}

function start(player) {
  leaving = new AbortController();
  const { signal } = leaving;
  let lines, scenes, follow;
  const collect = () => {
    lines = timed("#lines a");
    scenes = timed("[data-strip] a");
    const wanted = follow?.checked ?? true;
    follow = document.getElementById("follow");
    if (follow) {
      follow.closest("label").hidden = false;
      follow.checked = wanted;
    }
    const strip = document.querySelector("[data-strip]");
    if (strip) arrows(strip, scenes, ["ArrowLeft", "ArrowRight"]);
    const list = document.getElementById("lines");
    if (list) arrows(list, lines, ["ArrowUp", "ArrowDown"]);
  };
  collect();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-t]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    jump(player, Number(link.dataset.t));
    history.replaceState(null, "", link.getAttribute("href").replace("#player", ""));
    if (link.closest(".seen")) document.getElementById("player").scrollIntoView({ block: "nearest" });
  }, { signal });
  const show = () => {
    mark(lines, player.currentTime, (link) => follow.checked && bring(link));
    mark(scenes, player.currentTime, bring);
  };
  player.addEventListener("timeupdate", show);
  player.addEventListener("seeking", show);
  document.addEventListener("parts-replaced", ({ detail: { parts } }) => {
    if (!parts.includes("strip") && !parts.includes("said")) return;
    collect();
    show();
  }, { signal });
  document.addEventListener("keydown", (event) => keys(event, player), { signal });
  const at = new URLSearchParams(location.search).get("t");
  if (at) whenReady(player, () => (player.currentTime = Number(at)));
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
