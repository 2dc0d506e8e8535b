// The local derivatives on the edges.
import { makeSvg } from "./elements.js";

const DIGITS = 3; // there is no room for more
const [WIDE, HIGH, GAP] = [6.6, 12, 3]; // of a letter, of a line of text, between an edge and its number

// How far along an edge its number may stand, the best place first.
const PARTS = [0.5, 0.4, 0.6, 0.28, 0.72];

// The middles of the places where a text may stand: on both sides of the line, just clear of it.
function candidates(line, width) {
  const length = line.getTotalLength();
  return PARTS.flatMap((part) => {
    const [here, ahead] = [0, 1].map((more) => line.getPointAtLength(part * length + more));
    const [dx, dy] = [ahead.x - here.x, ahead.y - here.y]; // 1 long
    const far = GAP + (Math.abs(dy) * width + Math.abs(dx) * HIGH) / 2;
    return [far, -far].map((side) => ({ x: here.x + side * dy, y: here.y - side * dx }));
  });
}

// The boxes of the nodes, in the coordinates of the edges.
function boxesOf(svg) {
  const toDrawing = svg.querySelector("g.graph").getScreenCTM().inverse();
  return [...svg.querySelectorAll(".node")].map((node) => {
    const box = node.getBoundingClientRect();
    const [from, to] = [[box.left, box.top], [box.right, box.bottom]].map(([x, y]) => new DOMPoint(x, y).matrixTransform(toDrawing));
    return [from.x, from.y, to.x, to.y];
  });
}

const overlap = (a, b) =>
  Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0) * Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0);

// The place of each text: the first one that nothing else takes, or the one of which the least is taken.
function placesOf(svg, texts) {
  const taken = boxesOf(svg);
  const places = new Map();
  for (const [line, text] of texts) {
    const width = WIDE * text.length;
    const boxOf = ({ x, y }) => [x - width / 2, y - HIGH / 2, x + width / 2, y + HIGH / 2];
    const covered = (place) => taken.reduce((total, box) => total + overlap(box, boxOf(place)), 0);
    const best = candidates(line, width).map((place) => [covered(place), place]).reduce((a, b) => (b[0] < a[0] ? b : a))[1];
    taken.push(boxOf(best));
    places.set(line, best);
  }
  return places;
}

// Writes the local derivative of every edge that has one.
export function addFactors(player) {
  if (!player.svg) return;
  let places = new Map();
  const edges = player.data.edges.map((edge) => [edge, player.svg.querySelector(`[id="${edge.key}"] > path`)]);
  const text = (edge) => player.short(player.factor(edge), DIGITS);
  const place = () => {
    places = placesOf(player.svg, edges.filter(([edge]) => edge.factor !== "").map(([edge, line]) => [line, text(edge)]));
    write();
  };
  const toggle = player.button("factors", "show factors", () => {
    toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
    place();
  });
  toggle.setAttribute("aria-pressed", "false");
  player.view.prepend(toggle);
  const write = () => {
    player.svg.querySelectorAll("text.factor").forEach((old) => old.remove());
    if (toggle.getAttribute("aria-pressed") !== "true") return;
    for (const [edge, line] of edges) {
      if (edge.factor === "" || player.isSecret(edge) || !places.has(line)) continue;
      const { x, y } = places.get(line);
      const written = makeSvg("text", { class: "factor", "aria-hidden": "true", x, y: y + 4, "text-anchor": "middle" });
      const tooltip = makeSvg("title");
      tooltip.textContent = edge.factor;
      written.append(text(edge), tooltip);
      line.parentNode.parentNode.append(written);
    }
  };
  player.listeners.push(write);
  player.onTurn.push(place);
}
