// A token that carries a number along an edge.
import { makeSvg } from "./elements.js";

const FLIGHT_MS = 900;
const isStill = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

const at = ({ x, y }) => `translate(${x} ${y})`;
const middle = (line) => line.getPointAtLength(line.getTotalLength() / 2);

function makeToken(text, place, kind) {
  const group = makeSvg("g", { class: kind, transform: at(place), "aria-hidden": "true" });
  const written = makeSvg("text", { y: 4 });
  written.textContent = text;
  const width = 7 * text.length + 8;
  group.append(makeSvg("rect", { x: -width / 2, y: -9, width, height: 18, rx: 9 }), written);
  return group;
}

// In each step, what is propagated travels along its edges: a value forwards, a gradient backwards.
export function addToken(player) {
  if (!player.svg) return;
  let frame = 0;
  let tokens = [];
  const clear = () => {
    cancelAnimationFrame(frame);
    tokens.forEach(({ token }) => token.remove());
    tokens = [];
  };
  const start = () => {
    clear();
    const { step } = player;
    for (const edge of player.data.edges.filter((one) => step.edges.includes(one.key))) {
      const line = player.svg.querySelector(`[id="${edge.key}"] > path`);
      const text = step.phase === "forward" ? player.valueText(edge.tail) : player.arrivalText(edge);
      if (!line || !text || text.length > 12) continue;
      const hidden = step.phase === "backward" && player.isHidden(player.at);
      const token = makeToken(hidden ? "?" : text, middle(line), `token ${step.phase}`);
      line.parentNode.parentNode.append(token);
      tokens.push({ token, line, length: line.getTotalLength(), backward: step.phase === "backward" });
    }
    if (!tokens.length || isStill()) return; // without motion they stay in the middle
    const began = performance.now();
    const move = (now) => {
      const part = Math.min((now - began) / FLIGHT_MS, 1);
      for (const { token, line, length, backward } of tokens) {
        token.setAttribute("transform", at(line.getPointAtLength(length * (backward ? 1 - part : part))));
      }
      if (part < 1) frame = requestAnimationFrame(move);
      else clear();
    };
    move(began);
  };
  player.listeners.push((_, isOtherStep) => (isOtherStep ? start() : clear()));
  player.onTurn.push(clear);
  player.closers.push(clear);
}
