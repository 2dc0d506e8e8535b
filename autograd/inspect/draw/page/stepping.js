// Gradient descent in the page: p -= lr * grad for chosen leaves, with a curve of the result.
import { make, makeSvg } from "./elements.js";
import { label } from "./labels.js";
import { short } from "./numbers.js";

const STEP_MS = 120;
const MOST = 400; // the longest curve
const [WIDTH, HEIGHT] = [180, 44];

export function addStepping(player, live, panel) {
  const chosen = new Map(); // from the key of a leaf to its checkbox
  const history = [];
  const rate = make("input", { type: "number", value: "0.1", step: "any", min: "0", class: "rate" });
  const result = make("span", { class: "result" });
  const line = makeSvg("polyline", { fill: "none", points: "" });
  const curve = makeSvg("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img" });
  curve.append(line);

  const step = () => {
    const changes = [];
    for (const [key, box] of chosen) {
      if (!box.checked) continue;
      const slope = live.gradient(key).data;
      changes.push([key, live.leaf(key).data.map((x, i) => x - Number(rate.value) * slope[i])]);
    }
    if (!changes.length) return false;
    if (!history.length) history.push(live.result);
    const held = changes.every(([, data]) => data.every(Number.isFinite)) && live.set(changes);
    if (!held) return false;
    history.push(live.result);
    if (history.length > MOST) history.shift();
    draw();
    return true;
  };

  const draw = () => {
    const finite = history.filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const x = (i) => 3 + (i * (WIDTH - 6)) / Math.max(history.length - 1, 1);
    const y = (v) => 3 + (HEIGHT - 6) * (high > low ? (high - v) / (high - low) : 0.5);
    line.setAttribute("points", history.map((v, i) => (Number.isFinite(v) ? `${x(i).toFixed(1)},${y(v).toFixed(1)}` : "")).join(" "));
    const [first, last] = [history[0], history.at(-1)].map((x) => short(x ?? NaN));
    if (history.length) curve.setAttribute("aria-label", player.say("curve", { x: player.data.title, n: String(history.length - 1), first, last }));
    curve.classList.toggle("empty", history.length < 2);
  };

  let timer = null;
  const stop = () => { clearTimeout(timer); timer = null; showRepeat(); };
  const next = () => { timer = step() ? setTimeout(next, STEP_MS) : null; if (!timer) stop(); };
  const repeat = player.button("repeat", "repeat steps", () => {
    if (timer !== null) return stop();
    next();
    showRepeat();
  });
  const showRepeat = () => { repeat.textContent = player.say(timer === null ? "repeat" : "stop"); };
  player.words.keep(showRepeat);

  const leaves = make("div", { class: "leaves" });
  for (const [key, , , name, isReal, tracked] of live.given.leaves) {
    if (!isReal || !live.gradient(key)) continue;
    const box = make("input", { type: "checkbox" });
    box.checked = tracked;
    chosen.set(key, box);
    leaves.append(make("label", {}, box, ` ${name}`));
  }
  if (!chosen.size) return { restart: () => {}, close: stop };
  const summary = make("summary");
  player.words.keep(() => { summary.textContent = player.say("what changes"); });
  panel.append(
    make("div", { class: "row" }, label(player, "rate", rate), player.button("descend", "take a step", step), repeat, result, curve),
    make("details", {}, summary, leaves));
  live.listeners.push(() => { result.textContent = `${player.data.title} = ${short(live.result)}`; });
  const restart = () => { stop(); history.length = 0; draw(); };
  draw();
  return { restart, close: stop };
}
