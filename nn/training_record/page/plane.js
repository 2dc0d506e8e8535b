// The plane of a problem with two inputs: what the model predicts there, and the points that it learns from.
import { make, makeSvg } from "../../../autograd/inspect/draw/page/elements.js";
import { number } from "./histogram_tiles.js";

// Of Okabe and Ito (2008), in an order in which neighbours also differ in grey.
const HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#555555"];
const SHAPES = ["M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-4-4h8v8h-8z", "M0-5l5 8.6h-10z", "M0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z"];
const SIZE = 400; // pixels of the picture

export function addPlane(page) {
  const { boundary } = page.data;
  if (!boundary) return;
  const canvas = make("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": "The decision boundary" });
  const points = makeSvg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, "aria-hidden": "true" });
  for (const [x, y, mark] of boundary.points) {
    points.append(makeSvg("path", {
      d: SHAPES[mark % SHAPES.length], transform: `translate(${x * SIZE} ${y * SIZE})`, fill: hue(mark), class: "point",
    }));
  }
  const [[left, right], [bottom, top]] = boundary.ends;
  const meaning = boundary.kind === "score"
    ? `Paler means closer to the boundary, the line where the score is ${number(boundary.threshold)}.`
    : "Paler means less sure; lines part the classes.";
  page.overview.append(make("figure", { class: "plane" }, make("figcaption", {}, "Decision boundary"),
    make("div", { class: "frame" }, canvas, points),
    make("p", { class: "ends" }, make("span", {}, `x₁ ${number(left)}`), make("span", {}, `x₂ from ${number(bottom)} to ${number(top)}`),
      make("span", {}, number(right))),
    make("p", { class: "about" }, meaning)));
  const draw = () => {
    const levels = Uint8Array.from(atob(boundary.levels[page.at]), (letter) => letter.charCodeAt(0));
    if (boundary.kind === "score") drawScore(canvas, levels, boundary.side, page.isDark());
    else drawClasses(canvas, levels, boundary.side, page.isDark());
    canvas.setAttribute("aria-label", `The decision boundary at step ${page.data.steps[page.at]}: ${shares(levels, boundary.kind)}`);
  };
  page.listeners.push(draw);
  page.onTheme(draw);
}

function hue(mark) {
  return HUES[mark % HUES.length];
}

function rgb(color) {
  return [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
}

function shares(levels, kind) {
  const counts = new Map();
  for (const level of levels) {
    const mark = kind === "score" ? Number(level > 128) : level >> 4;
    counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  const parts = [...counts].sort(([a], [b]) => a - b);
  return parts.map(([mark, count]) => `${Math.round((100 * count) / levels.length)} % class ${mark}`).join(", ");
}

// Paints one pixel for each point of the grid, then stretches that over the canvas.
function paint(canvas, side, color, smooth) {
  const small = document.createElement("canvas");
  small.width = small.height = side;
  const context = small.getContext("2d");
  const pixels = context.createImageData(side, side);
  for (let i = 0; i < side * side; i++) pixels.data.set([...color(i), 255], 4 * i);
  context.putImageData(pixels, 0, 0);
  const large = canvas.getContext("2d");
  large.imageSmoothingEnabled = smooth;
  large.drawImage(small, 0, 0, canvas.width, canvas.height);
  return large;
}

function mixed(mark, share, dark) {
  const paper = dark ? [21, 24, 28] : [253, 253, 253];
  return rgb(hue(mark)).map((value, k) => paper[k] + (value - paper[k]) * share);
}

function drawScore(canvas, levels, side, dark) {
  const context = paint(canvas, side, (i) => {
    const score = (levels[i] - 128) / 127;
    return mixed(Number(score > 0), 0.1 + 0.55 * Math.sqrt(Math.abs(score)), dark);
  }, true);
  strokeLines(context, contour(levels, side), side, dark);
}

// The pieces of the line where the score is 0, by linear interpolation along the sides of each square of the grid.
function contour(levels, side) {
  const pieces = [];
  const crossing = (r0, c0, r1, c1) => {
    const a = levels[r0 * side + c0] - 128, b = levels[r1 * side + c1] - 128;
    if (a > 0 === b > 0) return null;
    const share = a / (a - b);
    return [c0 + (c1 - c0) * share, r0 + (r1 - r0) * share];
  };
  for (let r = 0; r + 1 < side; r++) {
    for (let c = 0; c + 1 < side; c++) {
      const ends = [crossing(r, c, r, c + 1), crossing(r, c + 1, r + 1, c + 1), crossing(r + 1, c, r + 1, c + 1), crossing(r, c, r + 1, c)];
      const found = ends.filter(Boolean);
      for (let k = 0; k + 1 < found.length; k += 2) pieces.push([found[k], found[k + 1]]);
    }
  }
  return pieces;
}

function drawClasses(canvas, levels, side, dark) {
  const context = paint(canvas, side, (i) => mixed(levels[i] >> 4, 0.15 + 0.5 * ((levels[i] & 15) / 15), dark), false);
  const pieces = [];
  for (let r = 0; r < side; r++) {
    for (let c = 0; c < side; c++) {
      const own = levels[r * side + c] >> 4;
      if (c + 1 < side && levels[r * side + c + 1] >> 4 !== own) pieces.push([[c + 0.5, r - 0.5], [c + 0.5, r + 0.5]]);
      if (r + 1 < side && levels[(r + 1) * side + c] >> 4 !== own) pieces.push([[c - 0.5, r + 0.5], [c + 0.5, r + 0.5]]);
    }
  }
  strokeLines(context, pieces, side, dark);
}

function strokeLines(context, pieces, side, dark) {
  const scale = SIZE / side;
  context.beginPath();
  for (const [[x0, y0], [x1, y1]] of pieces) {
    context.moveTo((x0 + 0.5) * scale, (y0 + 0.5) * scale);
    context.lineTo((x1 + 0.5) * scale, (y1 + 0.5) * scale);
  }
  context.lineWidth = 2;
  context.strokeStyle = dark ? "#ececec" : "#1a1a1a";
  context.stroke();
}
