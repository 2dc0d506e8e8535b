// The page: strokes become a small picture, the network answers what it thinks of it, and that is shown.
import { colour, mix, rgb } from "./colours.js";
import { drawMap, enlarge, gapOf, keepEnlarged, mapAt } from "./enlarged_map.js";
import { answerOf } from "./server_answers.js";

const SIDE = 280; // the drawing's own units, whatever its size on the screen
const PEN = 22; // of a large digit; a small one gets a thinner pen, or its loops would close
const FINEST = 6;
const SENT = 140; // pixels of the picture that is sent; the network sees 28
const STEP = 10; // how far an arrow key moves
const SIGN_FROM = 0.3; // of the largest slope, from which a pixel has a sign
const PAUSE = 60; // milliseconds between requests, at least

const $ = (id) => document.getElementById(id);
const paper = $("paper");
const strokes = []; // lists of [x, y]
let stroke = null; // the one being drawn
let cursor = null; // where the keys are, once they are used
let latest = null; // the last answer
let rival = null; // the class that the winner is compared with

// Drawing -----------------------------------------------------------------------------------------

// About as thick, beside the digit, as the strokes that the network learned from.
function penWidth() {
  const points = strokes.flat();
  const extent = (axis) => Math.max(...points.map((point) => point[axis])) - Math.min(...points.map((point) => point[axis]));
  return Math.min(PEN, FINEST + 0.09 * Math.max(extent(0), extent(1), 0));
}

function drawStrokes(context, scale, ink) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = penWidth();
  context.strokeStyle = ink;
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(...points[0]);
    // Curves through the middles of the segments round the corners that a quick hand leaves.
    for (let i = 1; i < points.length - 1; i++) {
      const [x, y] = points[i], [nextX, nextY] = points[i + 1];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    const [lastX, lastY] = points.at(-1);
    context.lineTo(lastX + 0.01, lastY); // a line without any length would not be drawn
    context.stroke();
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function drawPaper() {
  const context = paper.getContext("2d");
  const scale = paper.width / SIDE;
  context.clearRect(0, 0, paper.width, paper.height);
  drawStrokes(context, scale, colour("--ink"));
  if (cursor && document.activeElement === paper) {
    context.beginPath();
    context.arc(cursor[0] * scale, cursor[1] * scale, (PEN / 2 - 2) * scale, 0, 2 * Math.PI);
    context.lineWidth = 2 * scale;
    context.strokeStyle = context.fillStyle = colour("--for");
    stroke ? context.fill() : context.stroke();
  }
  $("undo").disabled = $("clear").disabled = strokes.length === 0;
  $("hint").hidden = strokes.length > 0 || cursor !== null;
}

function begin(point) {
  stroke = [point];
  strokes.push(stroke);
  changed();
}

function extend(point) {
  stroke.push(point);
  changed();
}

function end() {
  stroke = null;
  drawPaper();
}

function undo() {
  stroke = null;
  strokes.pop();
  changed();
}

function clear() {
  stroke = null;
  strokes.length = 0;
  changed();
}

function changed() {
  drawPaper();
  ask();
}

function place(event) {
  const box = paper.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
}

let pointer = null; // the finger or mouse that draws; others are let pass

paper.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  pointer = event.pointerId;
  paper.setPointerCapture(pointer);
  cursor = null;
  begin(place(event));
});
paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer || !stroke) return;
  // Browsers report a quick hand's way in one event per frame, with the points between on request.
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) stroke.push(place(each));
  changed();
});
for (const name of ["pointerup", "pointercancel"]) {
  paper.addEventListener(name, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    end();
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const [x, y] = cursor ?? [SIDE / 2, SIDE / 2];
    const within = (z) => Math.min(Math.max(z, PEN / 2), SIDE - PEN / 2);
    cursor = [within(x + STEP * arrow[0]), within(y + STEP * arrow[1])];
    stroke ? extend(cursor) : drawPaper();
  } else if (event.key === " ") {
    cursor ??= [SIDE / 2, SIDE / 2];
    stroke ? end() : begin(cursor);
  } else if (event.key === "Backspace") {
    undo();
  } else if (event.key === "Delete") {
    clear();
  } else {
    return;
  }
  event.preventDefault();
});
paper.addEventListener("focus", drawPaper);
paper.addEventListener("blur", end);
$("undo").addEventListener("click", undo);
$("clear").addEventListener("click", clear);

// Asking ------------------------------------------------------------------------------------

let asking = false;
let outdated = false; // the drawing has changed since it was last sent

async function ask() {
  outdated = true;
  if (asking) return;
  setAsking(true);
  while (outdated) {
    outdated = false;
    const wait = strokes.length ? await predict() : showNothing();
    await new Promise((done) => setTimeout(done, wait ?? PAUSE));
  }
  setAsking(false);
}

function setAsking(now) {
  asking = now;
  $("answer").setAttribute("aria-busy", now); // screen readers wait until the answer is there
}

// Returns for how many milliseconds to wait before asking again, if that is longer than usual.
async function predict() {
  const { answer, trouble, wait } = await answerOf(picture(), rival);
  if (wait) outdated = true;
  if (trouble) say(trouble, true);
  else if (strokes.length) {
    say(answer.took === undefined ? "" : `Computed in ${answer.took.toFixed(1)} ms, on this device.`);
    show(answer);
  }
  return wait;
}

// The drawing as a small picture, white on black.
function picture() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SENT;
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, SENT, SENT);
  drawStrokes(context, SENT / SIDE, "#fff");
  return canvas;
}

// Showing the answer ------------------------------------------------------------------------------

function say(text, trouble = false) {
  $("status").textContent = text;
  $("status").classList.toggle("trouble", trouble);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text; // screen readers repeat what is set again
}

function showNothing() {
  latest = null;
  say("");
  showAnswer("–", "nothing yet", true);
  for (const bar of $("bars").children) showBar(bar, null, false);
  $("why").getContext("2d").clearRect(0, 0, $("why").width, $("why").height);
  $("why").setAttribute("aria-label", "Nothing drawn yet");
  for (const node of document.querySelectorAll(".winner")) setText(node, "it");
  for (const node of document.querySelectorAll(".rather")) setText(node, "");
  $("inside").hidden = true;
}

function show(answer) {
  latest = answer;
  showAnswer(answer.class, `${percent(answer.confidence)} sure`);
  showBars(answer);
  const rather = answer.against === null ? "" : ` rather than ${answer.against}`;
  for (const node of document.querySelectorAll(".winner")) setText(node, answer.class);
  for (const node of document.querySelectorAll(".rather")) setText(node, rather);
  setText($("measure"), answer.against === null ? "the winner’s score"
    : `the difference of two scores, that of ${answer.class} minus that of ${answer.against}`);
  showRivals(answer);
  showSaliency(unpack(answer.image), unpack(answer.saliency));
  $("why").setAttribute("aria-label", `The pixels that speak for and against ${answer.class}${rather}`);
  showLayers(answer.layers, answer.classes);
}

// The classes that can be compared with the winner: all others.
function showRivals({ classes, class: winner }) {
  const others = classes.filter((name) => name !== winner);
  const listed = [...$("rival").options].slice(1).map((option) => option.value);
  if (listed.join("\n") !== others.join("\n")) {
    $("rival").replaceChildren($("rival").options[0], ...others.map((name) => new Option(`not ${name}`, name)));
  }
  $("rival").value = others.includes(rival) ? rival : "";
}

$("rival").addEventListener("change", () => {
  rival = $("rival").value || null;
  if (strokes.length) ask();
});

function showAnswer(name, sure, empty = false) {
  const [big, small] = $("answer").children;
  big.classList.toggle("empty", empty);
  setText(big, name);
  setText(small, sure);
}

function showBars({ classes, probabilities, class: winner }) {
  const bars = $("bars");
  if (bars.children.length !== classes.length) makeBars(classes);
  classes.forEach((name, i) => showBar(bars.children[i], probabilities[i], name === winner));
}

function makeBars(classes) {
  $("bars").replaceChildren(...classes.map((name) => {
    const bar = make("li", "", make("span", "name", name), make("span", "track", make("span", "fill")), make("span", "share"));
    bar.dataset.class = name;
    bar.addEventListener("click", () => { // a short way to the choice below the drawing
      rival = name;
      if (strokes.length) ask();
    });
    return bar;
  }));
}

function showBar(bar, share, first) {
  bar.classList.toggle("first", first);
  bar.querySelector(".fill").style.width = `${100 * (share ?? 0)}%`;
  bar.querySelector(".share").textContent = share === null ? "" : percent(share);
}

function make(tag, className = "", ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

// Numbers of an array that the server sent as a byte each, one channel after the other.
function unpack({ shape, low, high, bytes, values: known }) {
  if (known) return { shape, low, high, values: known }; // computed in the page
  const text = atob(bytes);
  const values = Float32Array.from(text, (letter) => low + (letter.charCodeAt(0) / 255) * (high - low));
  return { shape, low, high, values };
}

function showSaliency(image, saliency) {
  const canvas = $("why");
  const context = canvas.getContext("2d");
  const size = canvas.width / 28;
  const [card, ink, pro, contra] = ["--card", "--ink", "--for", "--against"].map(rgb);
  const largest = Math.max(-saliency.low, saliency.high) || 1;
  for (let i = 0; i < 28 * 28; i++) {
    const value = saliency.values[i] / largest;
    const under = mix(card, ink, 0.5 * image.values[i]);
    const share = 0.9 * Math.abs(value) ** 0.7; // lets the smaller ones be seen, too
    const [x, y] = [(i % 28) * size, Math.floor(i / 28) * size];
    const color = mix(under, value > 0 ? pro : contra, share);
    context.fillStyle = `rgb(${color.map(Math.round).join()})`;
    context.fillRect(x, y, size, size);
    if (Math.abs(value) > SIGN_FROM) drawSign(context, x + size / 2, y + size / 2, size / 4, value > 0, color);
  }
}

// A plus or a minus, for those who see no colours.
function drawSign(context, x, y, reach, isPlus, under) {
  const light = under[0] + under[1] + under[2] > 3 * 110;
  context.fillStyle = light ? "#16181b" : "#ffffff";
  context.fillRect(x - reach, y - 1, 2 * reach, 2);
  if (isPlus) context.fillRect(x - 1, y - reach, 2, 2 * reach);
}

function showLayers(layers, classes) {
  const list = $("layers");
  if (list.children.length !== layers.length) {
    list.replaceChildren(...layers.map((layer, i) => makeLayer(layer, i, i === layers.length - 1 ? classes : [])));
  }
  $("inside").hidden = false;
  layers.forEach((layer, i) => drawMaps(list.children[i].querySelector("canvas"), unpack(layer)));
  keepEnlarged((place) => layers[place] && unpack(layers[place]));
}

function makeLayer({ name, shape }, place, classes) {
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  const isMaps = shape.length === 3;
  const [size, label] = isMaps
    ? [`${shape[2]} of ${shape[0]} × ${shape[1]}`, `${shape[2]} feature maps of ${shape[0]} by ${shape[1]} pixels`]
    : [`${shape[0]} numbers`, `${shape[0]} numbers`];
  canvas.setAttribute("aria-label", label);
  canvas.classList.toggle("numbers", !isMaps);
  const output = make("div", "", canvas);
  // The last layer gives each class its score.
  if (classes.length === shape[0]) output.append(make("p", "classes", ...classes.map((each) => make("span", "", each))));
  const title = name.slice(name.indexOf(" ") + 1);
  const about = make("div", "", make("h3", "", title), make("p", "", size));
  if (isMaps && shape[0] * shape[1] > 1) {
    const button = make("button", "enlarge", "Enlarge");
    button.type = "button";
    button.setAttribute("aria-label", `Enlarge the maps of ${title}`);
    button.addEventListener("click", () => enlarge(place, title, 0));
    canvas.addEventListener("click", (event) => {
      const map = mapAt(canvas, event, shape, tilesInARow(shape));
      if (map !== null) enlarge(place, title, map);
    });
    about.append(button);
  }
  return make("div", "layer", about, output);
}

// All maps of a layer as tiles of one picture.
function drawMaps(canvas, maps) {
  const { shape } = maps;
  const [height, width, count] = shape.length === 3 ? shape : [1, 1, shape[0]];
  const columns = Math.min(count, tilesInARow(shape));
  const gap = shape.length === 3 ? gapOf(width) : 0;
  canvas.width = columns * (width + gap) - gap;
  canvas.height = Math.ceil(count / columns) * (height + gap) - gap;
  const context = canvas.getContext("2d");
  for (let map = 0; map < count; map++) {
    drawMap(context, maps, map, (map % columns) * (width + gap), Math.floor(map / columns) * (height + gap));
  }
}

const phone = matchMedia("(max-width: 680px)");

function tilesInARow(shape) {
  if (shape.length === 1) return shape[0];
  return phone.matches ? 16 : 32;
}

// -------------------------------------------------------------------------------------------------

function redraw() {
  drawPaper();
  if (latest) show(latest);
}
for (const query of [phone, matchMedia("(prefers-color-scheme: dark)")]) query.addEventListener("change", redraw);

makeBars([..."0123456789"]);
drawPaper();
