// The page: strokes become a small PNG, the server answers what the network thinks of it, and that is shown.

const SIDE = 280; // the drawing's own units, whatever its size on the screen
const PEN = 22; // about as thick, beside the digit, as the strokes that the network learned from
const SENT = 140; // pixels of the picture that is sent; the network sees 28
const STEP = 10; // how far an arrow key moves
const PAUSE = 60; // milliseconds between requests, at least

const $ = (id) => document.getElementById(id);
const paper = $("paper");
const strokes = []; // lists of [x, y]
let stroke = null; // the one being drawn
let cursor = null; // where the keys are, once they are used
let latest = null; // the server's last answer

// Drawing -----------------------------------------------------------------------------------------

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawStrokes(context, scale, ink) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = PEN;
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

// Asking the server -------------------------------------------------------------------------------

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
  let response, answer;
  try {
    response = await fetch("predict?explain=1", {
      method: "POST", headers: { "Content-Type": "image/png" }, body: await picture(),
    });
    answer = await response.json();
  } catch {
    outdated = true;
    say("The server does not answer; trying again.", true);
    return 1000;
  }
  if (response.status === 429 || response.status === 503) {
    outdated = true;
    say("The server is busy; trying again.", true);
    return 1000 * (Number(response.headers.get("Retry-After")) || 1);
  }
  if (!response.ok) {
    say(answer.error, true);
  } else if (strokes.length) {
    say("");
    show(answer);
  }
}

function picture() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SENT;
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, SENT, SENT);
  drawStrokes(context, SENT / SIDE, "#fff");
  return new Promise((done) => canvas.toBlob(done, "image/png"));
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
  $("why").getContext("2d").clearRect(0, 0, 28, 28);
  $("why").setAttribute("aria-label", "Nothing drawn yet");
  for (const node of document.querySelectorAll(".winner")) setText(node, "it");
  $("inside").hidden = true;
}

function show(answer) {
  latest = answer;
  showAnswer(answer.class, `${percent(answer.confidence)} sure`);
  showBars(answer);
  for (const node of document.querySelectorAll(".winner")) setText(node, answer.class);
  showSaliency(unpack(answer.image), unpack(answer.saliency));
  $("why").setAttribute("aria-label", `The pixels that speak for and against ${answer.class}`);
  showLayers(answer.layers, answer.classes);
}

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
function unpack({ shape, low, high, bytes }) {
  const text = atob(bytes);
  const values = Float32Array.from(text, (letter) => low + (letter.charCodeAt(0) / 255) * (high - low));
  return { shape, low, high, values };
}

// A colour of the page as numbers.
function rgb(name) {
  const hex = colour(name);
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function mix(from, to, share) {
  return from.map((value, i) => value + (to[i] - value) * share);
}

function showSaliency(image, saliency) {
  const context = $("why").getContext("2d");
  const pixels = context.createImageData(28, 28);
  const [card, ink, pro, contra] = ["--card", "--ink", "--for", "--against"].map(rgb);
  const largest = Math.max(-saliency.low, saliency.high) || 1;
  for (let i = 0; i < 28 * 28; i++) {
    const value = saliency.values[i] / largest;
    const under = mix(card, ink, 0.5 * image.values[i]);
    const share = 0.9 * Math.abs(value) ** 0.7; // lets the smaller ones be seen, too
    pixels.data.set([...mix(under, value > 0 ? pro : contra, share), 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
}

function showLayers(layers, classes) {
  const list = $("layers");
  if (list.children.length !== layers.length) {
    list.replaceChildren(...layers.map((layer, i) => makeLayer(layer, i === layers.length - 1 ? classes : [])));
  }
  $("inside").hidden = false;
  layers.forEach((layer, i) => drawMaps(list.children[i].querySelector("canvas"), unpack(layer)));
}

function makeLayer({ name, shape }, classes) {
  const canvas = make("canvas");
  canvas.setAttribute("role", "img");
  const [size, label] = shape.length === 3
    ? [`${shape[2]} of ${shape[0]} × ${shape[1]}`, `${shape[2]} feature maps of ${shape[0]} by ${shape[1]} pixels`]
    : [`${shape[0]} numbers`, `${shape[0]} numbers`];
  canvas.setAttribute("aria-label", label);
  canvas.classList.toggle("numbers", shape.length === 1);
  const output = make("div", "", canvas);
  // The last layer gives each class its score.
  if (classes.length === shape[0]) output.append(make("p", "classes", ...classes.map((each) => make("span", "", each))));
  const title = name.slice(name.indexOf(" ") + 1);
  return make("div", "layer", make("div", "", make("h3", "", title), make("p", "", size)), output);
}

// All maps of a layer as tiles of one picture.
function drawMaps(canvas, { shape, low, high, values }) {
  const [height, width, count] = shape.length === 3 ? shape : [1, 1, shape[0]];
  const columns = Math.min(count, tilesInARow(shape));
  const gap = shape.length === 3 ? Math.max(1, Math.round(width / 8)) : 0;
  canvas.width = columns * (width + gap) - gap;
  canvas.height = Math.ceil(count / columns) * (height + gap) - gap;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const [none, pro, contra] = ["--track", "--for", "--against"].map(rgb);
  const largest = Math.max(-low, high) || 1;
  for (let map = 0; map < count; map++) {
    for (let i = 0; i < width * height; i++) {
      const value = values[map * width * height + i] / largest;
      pixels.data.set([...mix(none, value > 0 ? pro : contra, Math.abs(value)), 255], 4 * i);
    }
    context.putImageData(pixels, (map % columns) * (width + gap), Math.floor(map / columns) * (height + gap));
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
