// Frames of layers that are closed: each is one small box, and what is around it moves closer.
import { makeSvg } from "./elements.js";
import { shifted } from "./places.js";

const HIGH = 36; // of the box of a closed layer, in units of the drawing
const APART = 12; // how much space stays around what is seen

// The layers of a level: their frames, and the nodes inside of each.
export function layersOf(frames, boxes, lines) {
  return frames.map((frame) => {
    const { element, points, texts } = frame;
    const [low, high] = [Math.min, Math.max].map((f) => [0, 1].map((axis) => f(...points.map((point) => point[axis]))));
    const isInside = ({ middle }) => middle.every((place, axis) => low[axis] < place && place < high[axis]);
    const inside = withParameters(new Set(boxes.filter(isInside)), boxes, lines);
    const title = texts.map(({ text }) => text.textContent).join(" ");
    return { id: element.id, element, title, low, high, inside };
  });
}

// Of some layers those that are in none of the others.
export function outermost(layers) {
  return layers.filter((layer) => !layers.some((other) => isIn(layer, other)));
}

export function isIn(layer, other) {
  return layer.inside.size < other.inside.size && [...layer.inside].every((box) => other.inside.has(box));
}

// Parameters that are read in a layer only belong to it.
function withParameters(inside, boxes, lines) {
  const readers = (box) => lines.filter((line) => line.boxes[0] === box).map((line) => line.boxes[1]);
  const isOwn = (box) => box.element.matches(".parameter") && readers(box).every((reader) => inside.has(reader));
  return new Set([...inside, ...boxes.filter(isOwn)]);
}

export function layerBox(title) {
  const wide = 7.5 * title.length + 30;
  const element = makeSvg("g", { class: "layer" },
    makeSvg("rect", {
      x: -wide / 2, y: -HIGH / 2, width: wide, height: HIGH, rx: 4, fill: "#f4e6ef", stroke: "#9b4f7d", // as modules
    }),
    makeSvg("text", { y: 4, "font-weight": "bold" }, title));
  return { element, size: [wide, HIGH] };
}

// Returns where places move to when layers are closed. What is seen keeps its size, and the empty space of a closed
// layer shrinks until its box fits.
export function closer(closed, seen) {
  const axes = [0, 1].map((axis) => {
    const kept = seen.map((box) => extentAlong(box, axis, APART / 2));
    return shrinking(closed.map((box) => regionOf(box, axis)), kept);
  });
  return (point) => point.map((place, axis) => axes[axis](place));
}

// The room that a layer and its parameters take, and the share of it that its box needs.
function regionOf({ layer, size }, axis) {
  const ends = [...layer.inside].flatMap((box) => extentAlong(box, axis, 0));
  const share = Math.min((size[axis] + APART) / (layer.high[axis] - layer.low[axis]), 1);
  return { share, low: Math.min(layer.low[axis], ...ends), high: Math.max(layer.high[axis], ...ends) };
}

function extentAlong({ middle, size }, axis, margin) {
  return [middle[axis] - size[axis] / 2 - margin, middle[axis] + size[axis] / 2 + margin];
}

function shrinking(regions, kept) {
  const cuts = [...new Set([...regions.flatMap(({ low, high }) => [low, high]), ...kept.flat()])].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((to, i) => {
    const from = cuts[i];
    const around = regions.filter(({ low, high }) => low <= from && to <= high);
    const isKept = !around.length || kept.some(([low, high]) => low <= from && to <= high);
    return { from, to, lost: isKept ? 0 : (to - from) * (1 - Math.max(...around.map(({ share }) => share))) };
  });
  return (place) => pieces.reduce((sum, { from, to, lost }) =>
    sum - lost * Math.min(Math.max((place - from) / (to - from), 0), 1), place);
}

// The line between two boxes of which one is a closed layer, and its head.
export function straightLine(from, to) {
  const apart = (axis) => Math.abs(to.middle[axis] - from.middle[axis]) - (from.size[axis] + to.size[axis]) / 2;
  const along = apart(0) > apart(1) ? 0 : 1;
  const [start, tip] = [from, to].map((box, i) => {
    const other = [to, from][i];
    return box.middle.map((place, axis) => axis === along
      ? place + Math.sign(other.middle[axis] - place) * box.size[axis] / 2 : beside(box, other, axis));
  });
  const length = Math.hypot(tip[0] - start[0], tip[1] - start[1]) || 1;
  const [dx, dy] = [(tip[0] - start[0]) / length, (tip[1] - start[1]) / length];
  const base = shifted(tip, [-6 * dx, -6 * dy]);
  const [one, other] = [1, -1].map((side) => shifted(base, [2.1 * side * dy, -2.1 * side * dx]));
  const middle = between(start, base);
  return { line: [start, middle, middle, base], head: [one, tip, other, one] };
}

export const between = (one, other) => one.map((place, axis) => (place + other[axis]) / 2);

// Where a straight line leaves a box for another one: in the middle of what they have in common, if there is that.
function beside(box, other, axis) {
  const extents = [box, other].map((each) => extentAlong(each, axis, -6));
  const [low, high] = [Math.max(extents[0][0], extents[1][0]), Math.min(extents[0][1], extents[1][1])];
  return low <= high ? (low + high) / 2 : Math.min(Math.max(other.middle[axis], extents[0][0]), extents[0][1]);
}
