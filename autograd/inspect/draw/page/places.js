// Where the nodes, arrows, frames and texts of a drawing are, read from its SVG.

const numbersIn = (text) => (text.match(/-?[\d.]+/g) ?? []).map(Number);

export function pairsOf(text) {
  const numbers = numbersIn(text ?? "");
  return Array.from({ length: numbers.length >> 1 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]);
}

export const curve = ([first, ...others]) => `M${first}C${others.join(" ")}`;
export const shifted = (point, by) => point.map((place, axis) => place + by[axis]);

// The middle and size of a node; shift: how its group is moved; corner: the right upper one, before that. What stands
// out of its first outline, as a second border does, does not move the middle.
export function boxOf(element) {
  const outlines = [...element.querySelectorAll(":scope > polygon, :scope > path")]
    .map((outline) => extentOf(pairsOf(outline.getAttribute("points") ?? outline.getAttribute("d"))));
  const [low, high] = outlines[0];
  const inner = low.map((place, axis) => (place + high[axis]) / 2);
  const size = inner.map((place, axis) =>
    2 * Math.max(...outlines.flat().map((corner) => Math.abs(corner[axis] - place))));
  const shift = pairsOf(element.getAttribute("transform"))[0] ?? [0, 0];
  return { element, shift, size, corner: [high[0], low[1]], middle: shifted(inner, shift) };
}

function extentOf(points) {
  return [Math.min, Math.max].map((f) => [0, 1].map((axis) => f(...points.map((point) => point[axis]))));
}

// An arrow, and the boxes that it joins: those that its ends touch.
export function lineOf(element, boxes) {
  const line = pairsOf(element.querySelector("path").getAttribute("d"));
  const head = pairsOf(element.querySelector("polygon")?.getAttribute("points"));
  const ends = [line[0], head[1] ?? line.at(-1)];
  return { element, line, head, ends, boxes: ends.map((end) => touchedBox(boxes, end)), texts: textsOf(element) };
}

// The left upper corner of a drawing, in the places of what is in it.
export function startOf(group) {
  const [x, y] = numbersIn(/translate\(([^)]*)\)/.exec(group.getAttribute("transform"))?.[1] ?? "0 0");
  return [-x, -y];
}

export function frameOf(element) {
  const outline = element.querySelector("path");
  return { element, outline, points: pairsOf(outline.getAttribute("d")), texts: textsOf(element) };
}

export function textsOf(element) {
  return [...element.querySelectorAll(":scope > text")].map((text) => {
    return { text, point: ["x", "y"].map((name) => Number(text.getAttribute(name))) };
  });
}

function touchedBox(boxes, point) {
  const apart = ({ middle, size }) => Math.hypot(...point.map((place, axis) =>
    Math.max(Math.abs(place - middle[axis]) - size[axis] / 2, 0)));
  let best = [Infinity, null];
  for (const box of boxes) {
    const distance = apart(box);
    if (distance < best[0]) best = [distance, box];
  }
  return best[1];
}
