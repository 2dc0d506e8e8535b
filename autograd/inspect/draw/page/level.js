// Nodes and arrows that were laid out together, and how they make room for those that are opened.
import { between, closer, isIn, layerBox, layersOf, outermost, straightLine } from "./layers.js";
import { drawEdge } from "./picture.js";
import { boxOf, curve, frameOf, lineOf, shifted, startOf, textsOf } from "./places.js";

const TITLE_HIGH = 26; // of the frame around opened parts, in units of the drawing
const MARGIN = 8; // around the parts

export class Level {
  // group: the element that holds the nodes and arrows; size: its width and height; frame: what is around it, if it is
  // not the whole picture; parent: the level of the box that was opened.
  constructor(group, size, { key = "", title = "", frame = null, parent = null } = {}) {
    Object.assign(this, { group, size, key, title, frame, parent });
    this.inside = new Map(); // the levels that are opened, by the keys of their boxes
    this.closed = new Map(); // the boxes of layers that are closed, by the ids of their frames
    this.openers = new Map(); // the buttons of boxes that open, by their keys
    group.querySelector(":scope > polygon")?.remove(); // the background
    this.read(size);
  }

  // Reads where everything is while all boxes are closed.
  read(size) {
    const all = (kind) => [...this.group.querySelectorAll(`:scope > ${kind}`)];
    this.closedSize = size;
    this.corner = startOf(this.group);
    this.boxes = new Map(all(".node").map((element) => [element.id, boxOf(element)]));
    const boxes = [...this.boxes.values()];
    this.lines = all(".edge").map((element) => lineOf(element, boxes));
    this.frames = all(".cluster").map(frameOf);
    this.layers = layersOf(this.frames, boxes, this.lines);
    this.notes = textsOf(this.group);
  }

  closeLayer(layer) {
    const box = layerBox(layer.title);
    this.closed.set(layer.id, box);
    this.group.append(box.element);
    return box;
  }

  openLayer({ id }) {
    this.closed.get(id).element.remove();
    this.closed.delete(id);
  }

  // The boxes of closed layers that are seen: not those in another one.
  closedBoxes() {
    const closed = this.layers.filter(({ id }) => this.closed.has(id));
    return outermost(closed).map((layer) => ({ layer, ...this.closed.get(layer.id) }));
  }

  // Hides what is in closed layers; home tells in which of them each hidden node is.
  putAway(closed, home) {
    const hide = (element, isHidden) => element.classList.toggle("put-away", isHidden);
    for (const [key, box] of this.boxes) {
      hide(box.element, home.has(box));
      if (this.openers.has(key)) hide(this.openers.get(key), home.has(box));
    }
    for (const { boxes: [tail, head], element } of this.lines) {
      hide(element, home.has(tail) && home.get(tail) === home.get(head));
    }
    for (const layer of this.layers) {
      const isHidden = closed.some((other) => isIn(layer, other.layer));
      hide(layer.element, isHidden || this.closed.has(layer.id));
      if (this.closed.has(layer.id)) hide(this.closed.get(layer.id).element, isHidden);
    }
  }

  // Puts everything where the opened boxes have room.
  arrange() {
    const closed = this.closedBoxes();
    const home = new Map(closed.flatMap((box) => [...box.layer.inside].map((node) => [node, box])));
    this.putAway(closed, home);
    const ground = closer(closed, [...this.boxes.values()].filter((box) => !home.has(box)));
    const grown = [...this.inside].filter(([key]) => !home.has(this.boxes.get(key))).map(([key, level]) => {
      level.arrange();
      const box = this.boxes.get(key);
      const frame = shifted(level.size, [2 * MARGIN, TITLE_HIGH + MARGIN]);
      frame[0] = Math.max(frame[0], 7.5 * level.title.length + 50);
      return { box, level, by: frame.map((length, axis) => Math.max(length - box.size[axis], 0)) };
    });
    // A place moves on by the growth of all that lies before it; one inside of what grows, by its share.
    const moved = (point) => ground(point).map((now, axis) => grown.reduce((sum, { box, by }) => {
      const share = (point[axis] - box.middle[axis]) / box.size[axis] + 0.5;
      return sum + by[axis] * Math.min(Math.max(share, 0), 1);
    }, now));
    for (const { layer, element, size } of closed) {
      const [low, high] = [moved(layer.low), moved(layer.high)];
      layer.now = { middle: low.map((place, axis) => (place + high[axis]) / 2), size };
      element.setAttribute("transform", `translate(${layer.now.middle.join(" ")})`);
    }
    for (const [key, box] of this.boxes) placeBox(box, moved, home.get(box)?.layer.now, this.openers.get(key));
    for (const { box, level, by } of grown) {
      box.now.size = shifted(box.size, by);
      level.putFrame(box.now);
    }
    for (const line of this.lines) {
      if (line.boxes.some((box) => home.has(box))) leadTo(line, moved);
      else moveLine(line, moved);
    }
    for (const { element, outline, points, texts } of this.frames) {
      const now = points.map(moved);
      outline.setAttribute("d", curve(now));
      shiftTexts(texts, moved);
      const [right, top] = [Math.max(...now.map(([x]) => x)), Math.min(...now.map(([, y]) => y))];
      element.querySelector(".opener")?.setAttribute("transform", `translate(${right - 13} ${top + 13})`);
    }
    shiftTexts(this.notes, moved);
    const corner = shifted(this.corner, this.closedSize);
    const less = ground(corner).map((place, axis) => place - corner[axis]);
    this.size = grown.reduce((size, { by }) => shifted(size, by), shifted(this.closedSize, less));
  }

  putFrame({ middle, size }) {
    const [left, top] = middle.map((place, axis) => place - size[axis] / 2);
    const put = (name, attributes) => {
      const element = this.frame.querySelector(`:scope > ${name}`);
      for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    };
    put("rect", { x: left, y: top, width: size[0], height: size[1] });
    put("text", { x: left + MARGIN, y: top + 17 });
    put(".opener", { transform: `translate(${left + size[0] - 13} ${top + 13})` });
    put(".parts", { transform: `translate(${left + (size[0] - this.size[0]) / 2} ${top + TITLE_HIGH})` });
  }
}

// Between the places to which its borders move there is at least as much room as before.
function placeBox(box, moved, layer, opener) {
  const corner = (share) => moved(box.middle.map((place, axis) => place + share * box.size[axis]));
  const [low, high] = [corner(-0.5), corner(0.5)];
  box.now = layer ?? { middle: low.map((place, axis) => (place + high[axis]) / 2), size: box.size };
  const [x, y] = box.shift.map((shift, axis) => shift + box.now.middle[axis] - box.middle[axis]);
  box.element.setAttribute("transform", `translate(${x} ${y})`);
  opener?.setAttribute("transform", `translate(${x + box.corner[0] + 1} ${y + box.corner[1] - 1})`);
}

// An arrow moves with everything else, so it goes on passing beside the same boxes. Where its own boxes have not grown
// as far as their surroundings, it goes on straight to their borders.
function moveLine({ element, line, head, ends, boxes, texts }, moved) {
  const ground = ends.map(moved);
  const borders = boxes.map((box, i) => atBorder(box, ends[i], ground[i]));
  const by = borders.map((border, i) => border.map((place, axis) => place - ends[i][axis]));
  const points = line.map(moved);
  const [start, end] = [shifted(line[0], by[0]), shifted(line.at(-1), by[1])];
  if (isApart(borders[0], ground[0])) points.unshift(start, between(start, points[0]), points[0]);
  else points[0] = start;
  if (isApart(borders[1], ground[1])) points.push(between(points.at(-1), end), end, end);
  else points[points.length - 1] = end; // the head keeps its form
  drawEdge(element, curve(points), head.map((point) => shifted(point, by[1]).join(",")).join(" "));
  shiftTexts(texts, moved);
}

// An arrow from or to a closed layer.
function leadTo({ element, boxes, texts }, moved) {
  const { line, head } = straightLine(boxes[0].now, boxes[1].now);
  drawEdge(element, curve(line), head.map((point) => point.join(",")).join(" "));
  shiftTexts(texts, moved);
}

const isApart = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]) > 0.5;

// Where an arrow that ended at some place meets its box, if the ground below that has moved: at the same border.
function atBorder({ middle, size, now }, end, ground) {
  return end.map((place, axis) => {
    const beyond = Math.abs(place - middle[axis]) - size[axis] / 2;
    const half = now.size[axis] / 2;
    if (Math.abs(beyond) < 3) return now.middle[axis] + Math.sign(place - middle[axis]) * (half + beyond);
    return Math.min(Math.max(ground[axis], now.middle[axis] - half), now.middle[axis] + half);
  });
}

// The lines of a text stay together.
function shiftTexts(texts, moved) {
  if (!texts.length) return;
  const middle = [0, 1].map((axis) => texts.reduce((sum, { point }) => sum + point[axis], 0) / texts.length);
  const by = moved(middle).map((place, axis) => place - middle[axis]);
  for (const { text, point } of texts) {
    const [x, y] = shifted(point, by);
    text.setAttribute("x", x);
    text.setAttribute("y", y);
  }
}
