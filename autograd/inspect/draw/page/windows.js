// A convolution or a pool, window by window: what is read and added up; backwards, how each gradient is sent back.
import { make } from "./elements.js";
import { makeButton, named } from "./labels.js";
import { cellsOf, gradientsAfter, resultOf, viewOf, windowsOf } from "./window_math.js";

const WINDOW_MS = 900;

export function addWindows(player) {
  if (Object.keys(player.data.windows ?? {}).length) new Windows(player);
}

class Windows {
  constructor(player) {
    this.player = player;
    this.words = player.words;
    this.name = ""; // of the node and phase that are shown
    this.tables = make("div", { class: "arrays" });
    this.text = make("p", { "aria-live": "polite" });
    this.slider = named(player, make("input", { type: "range", min: 0, value: 0 }), "which window");
    this.counter = make("span", { class: "counter" });
    const button = (label, title, action) => makeButton(player.words, label, title, action);
    this.play = button("slide", "let slide", () => this.toggle());
    this.panel = named(player, make("section", { class: "windows" }, this.tables, this.text, make("div", { class: "bar" },
      button("‹", "window back", () => this.go(-1)), this.play, button("›", "window on", () => this.go(1)),
      this.slider, this.counter)), "windows");
    player.bar.after(this.panel);
    this.slider.addEventListener("input", () => this.showWindow());
    player.listeners.push(() => this.show());
    player.words.keep(() => this.stop());
    player.closers.push(() => this.stop());
  }

  // Shows nothing as long as a quiz asks for a number of it.
  show() {
    const { player } = this;
    const { node, phase } = player.step;
    const isAsked = player.data.steps.some((step, i) => step.node === node && step.phase === phase && player.isHidden(i));
    const recorded = player.data.windows[node];
    const view = recorded && !isAsked ? viewOf(recorded, player.live) : null;
    this.backward = phase === "backward";
    this.view = view && !(this.backward && !view.gradient) ? view : null;
    this.panel.hidden = !this.view;
    const name = this.view ? `${node} ${phase}` : "";
    if (name !== this.name) {
      this.stop();
      this.slider.value = 0;
    }
    this.name = name;
    if (!this.view) return;
    this.windows = windowsOf(this.view);
    this.slider.max = this.windows.length - 1;
    this.showWindow();
  }

  get at() { return Number(this.slider.value); }

  showWindow() {
    const window = this.windows[this.at];
    this.counter.textContent = this.words.say("window", { at: String(this.at + 1), n: String(this.windows.length) });
    this.slider.setAttribute("aria-valuetext", this.counter.textContent);
    const [arraysOf, textOf] = this.backward ? [backwardArrays, backwardText] : [forwardArrays, forwardText];
    this.tables.replaceChildren(...arraysOf(this.view, window, this.at, this.words));
    this.text.textContent = textOf(this.view, window, this.words);
  }

  go(by) {
    this.slider.value = this.at + by;
    this.showWindow();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = this.words.say("slide");
  }

  toggle() {
    if (this.timer !== null) return this.stop();
    const last = this.windows.length - 1;
    if (this.at === last) this.go(-last);
    this.play.textContent = this.words.say("pause");
    this.timer = setInterval(() => {
      this.go(1);
      if (this.at === last) this.stop();
    }, WINDOW_MS);
  }
}

// ------------------------------------------------------------------------------------------------- arrays

function forwardArrays(view, window, at, words) {
  const [image, kernel] = view.names;
  const tables = (name, channels, marks) => arrays(words, name, channels, marks);
  const cells = cellsOf(view, window);
  const { channel, row, column } = window;
  const wins = cells.filter((cell) => cell.wins).map((cell) => cell.place);
  return [
    ...tables(image, view.image, { within: placesOf(cells), wins }),
    ...(view.weight ? tables(kernelName(view, kernel, channel, words), view.weight[channel]) : []),
    ...(view.weight ? tables(words.say("window products"), productsOf(view, cells)) : []),
    ...tables(view.names.at(-1), view.out, { within: [[channel, row, column]], until: window }),
  ];
}

function backwardArrays(view, window, at, words) {
  const [image, kernel] = view.names;
  const tables = (key, x, channels, marks) => arrays(words, words.say(key, { x }), channels, marks);
  const { channel, row, column } = window;
  const cells = cellsOf(view, window);
  const gradients = gradientsAfter(view, at + 1);
  const receiving = cells.filter((cell) => cell.place && (view.kind !== "max" || cell.wins)).map((cell) => cell.place);
  return [
    ...tables("gradient", view.names.at(-1), view.gradient, { within: [[channel, row, column]] }),
    ...tables("gradient so far", image, gradients.image, { within: placesOf(cells), wins: receiving }),
    ...(view.weight ? tables("gradient so far", kernelName(view, kernel, channel, words), gradients.weight[channel]) : []),
  ];
}

const kernelName = (view, x, channel, words) =>
  several(view.weight) ? words.say("for channel", { x, channel: String(channel) }) : x;
const several = (array) => array.length > 1;
const placesOf = (cells) => cells.map((cell) => cell.place).filter(Boolean);

function productsOf(view, cells) {
  const [high, wide] = view.kernel;
  const products = cells.map(({ number, weight }) => number * weight);
  return Array.from({ length: cells.length / (high * wide) }, (_, c) => Array.from({ length: high }, (_, a) =>
    products.slice((c * high + a) * wide, (c * high + a + 1) * wide)));
}

// One table for each channel. within, wins: places that are marked; until: the window after which nothing is known yet.
function arrays(words, name, channels, { within = [], wins = [], until = null } = {}) {
  const marked = new Set(within.map(String));
  const winning = new Set(wins.map(String));
  const largest = Math.max(...channels.flat(2).map(Math.abs).filter(Number.isFinite), 0) || 1;
  const isKnown = (c, i, j) => !until || c < until.channel
    || (c === until.channel && (i < until.row || (i === until.row && j <= until.column)));
  return channels.map((rows, c) => {
    const body = make("tbody", {}, ...rows.map((row, i) => make("tr", {}, ...row.map((number, j) => {
      const place = String([c, i, j]);
      const marks = [marked.has(place) && "within", winning.has(place) && "wins"].filter(Boolean).join(" ");
      const cell = make("td", { title: String(number), class: marks });
      if (!isKnown(c, i, j)) return cell;
      cell.textContent = rounded(number);
      cell.style.setProperty("--share", `${Math.round(28 * Math.min(Math.abs(number) / largest, 1)) || 0}%`);
      cell.style.setProperty("--tint", `var(--${number < 0 ? "backward" : "forward"})`);
      return cell;
    }))));
    return make("table", {}, make("caption", {}, several(channels) ? words.say("channel", { x: name, channel: String(c) }) : name), body);
  });
}

// -------------------------------------------------------------------------------------------------- texts

const rounded = (number, digits = 4) => String(Number.isFinite(number) ? Number(number.toPrecision(digits)) : number);
const signed = (number) => number < 0 ? `(${rounded(number, 6)})` : rounded(number, 6);

function elementText(view, { channel, row, column }) {
  return `[${several(view.out) ? `${row}, ${column}, ${channel}` : `${row}, ${column}`}]`;
}

function forwardText(view, window, words) {
  const cells = cellsOf(view, window);
  const name = `${view.names.at(-1)}${elementText(view, window)}`;
  const result = rounded(resultOf(view, window), 6);
  if (view.kind === "max") {
    const numbers = cells.filter((cell) => cell.place).map((cell) => rounded(cell.number, 6));
    return `${name} = ${words.say("largest of", { numbers: numbers.join(words.say("comma")) })} = ${result}`;
  }
  const terms = cells.map(({ number, weight }) => view.weight ? `${signed(number)} × ${signed(weight)}` : signed(number));
  if (view.names.length === 4) terms.push(signed(view.bias[window.channel]));
  return `${name} = ${terms.join(" + ")} = ${result}`;
}

function backwardText(view, window, words) {
  const cells = cellsOf(view, window).filter((cell) => cell.place);
  const g = view.gradient[window.channel][window.row][window.column];
  const x = `${view.names.at(-1)}${elementText(view, window)}`;
  const from = { key: "its gradient", words: { x, number: rounded(g, 6) } };
  return words.sentences([from, ...sent(view, cells, g)]);
}

// Where the gradient of an element of the result goes, as sentences.
function sent(view, cells, g) {
  const pixel = ([c, i, j]) => `${view.names[0]}${several(view.image) ? `[${i}, ${j}, ${c}]` : `[${i}, ${j}]`}`;
  if (view.kind === "max") {
    return cells.filter((cell) => cell.wins).map(({ place }) => ({ key: "to the winner", words: { x: pixel(place) } }));
  }
  if (view.kind === "sum") return [{ key: "to each pixel", words: { n: String(cells.length) } }];
  return cells.slice(0, 1).map(({ place, weight }) => {
    const product = `${signed(g)} × ${signed(weight)} = ${rounded(g * weight, 6)}`;
    return { key: "times its weight", words: { x: pixel(place), product } };
  });
}
