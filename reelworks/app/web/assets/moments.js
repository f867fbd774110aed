// Search results play their moment on the page, without sound.

const INTENT_MS = 350;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let playing = null;

export function playMoments() {
  const list = document.querySelector(".moments");
  if (!list) return;
  reveal(list);
  new MutationObserver(() => reveal(list)).observe(list, { childList: true });
  let intent = null;
  const soon = (clip) => {
    clearTimeout(intent);
    if (!calm.matches && clip !== playing?.clip) intent = setTimeout(() => play(clip), INTENT_MS);
  };
  const leave = (clip) => {
    clearTimeout(intent);
    if (playing?.clip === clip && !playing.pressed) stop();
  };
  list.addEventListener("pointerover", (event) => {
    const clip = event.target.closest(".clip");
    if (clip && event.pointerType === "mouse") soon(clip);
  });
  list.addEventListener("pointerout", (event) => {
    const clip = event.target.closest(".clip");
    if (clip && !clip.contains(event.relatedTarget)) leave(clip);
  });
  list.addEventListener("focusin", (event) => {
    if (event.target.matches(".play:focus-visible")) soon(event.target.closest(".clip"));
  });
  list.addEventListener("focusout", (event) => {
    if (event.target.matches(".play")) leave(event.target.closest(".clip"));
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest(".play");
    if (!button) return;
    clearTimeout(intent);
    const clip = button.closest(".clip");
    if (playing?.clip === clip) stop();
    else play(clip, true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
  });
}

function reveal(list) {
  for (const button of list.querySelectorAll(".play[hidden]")) button.hidden = false;
}

function play(clip, pressed = false) {
  stop();
  const { media, start, end } = clip.dataset;
  const [from, to] = [Number(start), Math.max(Number(end), Number(start) + 1)];
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, preload: "auto", tabIndex: -1 });
  video.ariaHidden = "true";
  video.src = `${media}#t=${start}`;
  video.addEventListener("timeupdate", () => {
    if (video.currentTime >= to) video.currentTime = from;
  });
  video.addEventListener("ended", () => {
    video.currentTime = from;
    video.play().catch(() => {});
  });
  video.addEventListener("error", () => playing?.video === video && stop());
  clip.insertBefore(video, clip.querySelector(".play"));
  clip.querySelector(".play").ariaPressed = "true";
  playing = { clip, video, pressed };
  video.play().catch(() => {}); // removed before it began
}

function stop() {
  if (!playing) return;
  const { clip, video } = playing;
  playing = null;
  clip.querySelector(".play").ariaPressed = "false";
  video.removeAttribute("src");
  video.load();
  video.remove();
}
