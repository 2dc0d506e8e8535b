// What moves the player from step to step: buttons, a scrubber, keys, the list of all steps, and the page's address.
import { make } from "./elements.js";
import { addKeys } from "./keys.js";

const PAUSE_MS = 1600;

export function addControls(player) {
  const clock = addBar(player);
  addList(player);
  addKeys(player, clock.toggle);
  player.closers.push(clock.stop);
}

// The step that is shown is a part of the page's address. This shows the first one.
export function addAddress(player) {
  const hasAddress = player.ownsPage && location.protocol !== "about:"; // a frame of a notebook has none
  if (!hasAddress) return player.go(0);
  const fromAddress = () => player.go(Number(/step=(\d+)/.exec(location.hash)?.[1] ?? 0));
  player.listeners.push(({ at }) => {
    if (location.hash !== `#step=${at}`) history.replaceState(null, "", `#step=${at}`);
  });
  window.addEventListener("hashchange", fromAddress);
  player.closers.push(() => window.removeEventListener("hashchange", fromAddress));
  fromAddress();
}

function addBar(player) {
  const { last } = player;
  const play = player.button("play", "play or pause", () => clock.toggle());
  const scrubber = make("input", { type: "range", min: 0, max: last, value: 0 });
  const counter = make("span", { class: "counter" });
  const speed = make("select");
  player.words.keep(() => {
    scrubber.setAttribute("aria-label", player.say("step"));
    speed.setAttribute("aria-label", player.say("speed"));
  });
  for (const factor of [0.5, 1, 2, 4]) speed.append(new Option(`${factor}×`, factor, factor === 1, factor === 1));
  player.bar = make("div", { class: "bar" },
    player.button("«", "to start", () => player.go(0)),
    player.button("‹", "back", () => player.go(player.at - 1)), play,
    player.button("›", "on", () => player.go(player.at + 1)),
    player.button("»", "to end", () => player.go(last)),
    scrubber, counter, speed);
  player.root.append(player.bar);
  scrubber.addEventListener("input", () => player.go(Number(scrubber.value)));
  const clock = makeClock(player, play, speed);
  player.listeners.push(({ at, step }) => {
    counter.textContent = `${player.say(step.phase)} ${at} / ${last}`;
    scrubber.value = at;
    if (at === last || player.isHidden(at)) clock.stop();
  });
  player.words.keep(() => clock.stop());
  return clock;
}

// Plays one step after the other.
function makeClock(player, play, speed) {
  let timer = null;
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    play.textContent = player.say("play");
  };
  const next = () => {
    player.go(player.at + 1);
    if (timer !== null) timer = setTimeout(next, PAUSE_MS / Number(speed.value));
  };
  const toggle = () => {
    if (timer !== null) return stop();
    if (player.at === player.last) player.go(0);
    play.textContent = player.say("pause");
    timer = setTimeout(next, 0);
  };
  return { stop, toggle };
}

function addList(player) {
  let shown = -1;
  const list = make("ol", { class: "steps" });
  player.words.keep(() => list.setAttribute("aria-label", player.say("all steps")));
  const items = player.data.steps.map((step, i) => {
    const jump = make("button", { type: "button" });
    jump.addEventListener("click", () => player.go(i));
    list.append(make("li", { class: step.phase }, jump));
    return jump;
  });
  player.root.append(list);
  player.list = list;
  player.listeners.push(({ at }) => {
    items.forEach((item, i) => {
      const text = player.stepText(i);
      if (item.textContent !== text) item.textContent = item.title = text;
      item.removeAttribute("aria-current");
    });
    items[at].setAttribute("aria-current", "step");
    if (shown !== at) list.scrollTop = items[at].offsetTop - list.clientHeight / 2;
    shown = at;
  });
}
