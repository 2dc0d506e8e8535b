// Numbers of leaves that are changed in the page: the program computes the others, and everything shows them.
import { array } from "./arrays.js";
import { heatMap } from "./heat_map.js";
import { short } from "./numbers.js";
import { fit, showPicture } from "./picture.js";
import { Program } from "./program.js";
import { extremes, filled, inFull, small } from "./slots.js";

const FIELDS = ["lines", "value", "text", "formula", "notes", "grads", "factor", "arrives"];

export class Live {
  constructor(player) {
    this.player = player;
    this.given = player.data.live; // as live_data() of Python gives it
    this.program = new Program(this.given);
    this.isUntouched = true; // no number has been changed yet
    this.listeners = []; // called after numbers have changed, with whether the program holds for those that were wished
    const { nodes, steps, edges } = player.data;
    this.recorded = new Map([...nodes, ...steps, ...edges].map((part) => [part, { ...part }]));
    this.boxes = new Map(nodes.map((node) => [node.key, boxOf(player.views.get(node.key).element)]));
    player.words.keep(() => nodes.forEach((node) => this.showValue(node)));
  }

  get isRecorded() { return this.program.isRecorded; }

  leaf(key) { return this.program.leaf(key); }

  // The sum of the result's elements, which is what gradients belong to.
  get result() { return this.program.at(this.given.result).data.reduce((a, b) => a + b, 0); }

  value(key) { return this.program.at(`v${key.slice(1)}`); }

  // The gradient of a node; undefined if it has none.
  gradient(key) { return this.given.gradients[key] && this.program.at(this.given.gradients[key]); }

  // Changes leaves: data by key. Returns whether the page can compute with them; if it cannot, nothing is changed.
  set(changes) {
    const held = this.program.set(changes);
    if (held) this.refresh();
    this.listeners.forEach((listener) => listener(held));
    return held;
  }

  setNumber(key, i, x) {
    const data = Float64Array.from(this.leaf(key).data);
    data[i] = x;
    return Number.isFinite(x) && this.set([[key, data]]);
  }

  reset() {
    this.program.reset();
    this.refresh();
    this.listeners.forEach((listener) => listener(true));
  }

  // The central difference of the result for one number.
  difference(key, i, h) {
    const before = this.leaf(key).data;
    const at = (x) => {
      const data = Float64Array.from(before);
      data[i] = x;
      return this.program.set([[key, data]]) ? [this.result, this.leaf(key).data[i]] : [NaN, NaN];
    };
    const [[above, right], [below, left]] = [at(before[i] + h), at(before[i] - h)];
    this.program.set([[key, before]]);
    return (above - below) / (right - left);
  }

  // Writes the numbers into the player's data, and shows them.
  refresh() {
    this.isUntouched = false;
    const { player, program } = this;
    const { nodes, steps, edges } = player.data;
    const isRecorded = program.isRecorded;
    for (const [part, recorded] of this.recorded) for (const field of FIELDS) if (field in recorded) part[field] = recorded[field];
    if (!isRecorded) {
      nodes.forEach((node) => this.renewNode(node));
      edges.forEach((edge) => this.renewEdge(edge));
      steps.forEach((step, i) => this.renewStep(step, this.given.steps[i]));
    }
    nodes.forEach((node) => this.showValue(node));
    player.refresh();
  }

  renewNode(node) {
    const x = this.value(node.key);
    const leaf = this.program.leaves.get(node.key);
    if (leaf && x === leaf.recorded) return;
    node.value = inFull(x);
    node.lines = x.data.length === 1 ? [short(x.data[0])] : [node.lines[0], ...extremes(x)];
  }

  renewEdge(edge) {
    const [slope, added] = ["f", "a"].map((source) => this.program.at(source + edge.key.slice(1)));
    if (edge.factor !== "") edge.factor = slope ? inFull(array([], slope.data)) : this.quotient(edge, added);
    if (edge.arrives) edge.arrives = small(added);
  }

  // The local derivative between numbers for which the program has no place: from what arrives.
  quotient(edge, added) {
    const isRoot = edge.head === this.player.data.root; // the sum of its elements, if it is an array
    const gradient = isRoot ? 1 : this.program.at(this.given.gradients[edge.head]).data[0];
    return gradient ? inFull(array([], [added.data[0] / gradient])) : edge.factor;
  }

  renewStep(step, [text, formula, notes]) {
    const at = (source) => this.program.at(source);
    const said = (x) => (typeof x === "string" ? filled(x, at, false) : {
      key: filled(x.key, at, false) || "slope", // of a gate that is open here and shut there
      words: Object.fromEntries(Object.entries(x.words).map(([name, part]) => [name, said(part)])),
    });
    [step.text, step.formula, step.notes] = [said(text), said(formula), notes.map(said)];
    step.grads = Object.fromEntries(Object.entries(step.sources).map(([key, source]) => [key, this.shown(key, at(source))]));
  }

  // A gradient as steps show it: its text, all numbers, and the picture.
  shown(key, x) {
    const text = x.data.length === 1 ? short(x.data[0]) : extremes(x)[0];
    return [text, inFull(x), this.picture(key, x, false)];
  }

  // Rows of numbers, the address of an image, or nothing.
  picture(key, x, isValue) {
    const view = this.given.views[key];
    if (!view) return "";
    const [offset, rows, columns, down, across, numbers, isImage] = view;
    if (numbers) return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_x, j) => short(x.data[offset + i * down + j * across], 4)));
    const inks = isValue && isImage;
    return heatMap(x, [offset, rows, columns, down, across], this.given.palettes[Number(inks)], inks);
  }

  showValue(node) {
    const { cell, lines, numbers, image } = this.boxes.get(node.key);
    const { width } = this.player.views.get(node.key);
    const x = this.value(node.key);
    const texts = node.lines.map((line) => this.player.words.formula(line));
    if (cell) cell.textContent = texts.join(", ");
    lines.forEach((line, i) => fit(line, texts[i] ?? "", width));
    if (numbers) showPicture(numbers, this.picture(node.key, x, true));
    if (image) image.setAttribute("href", this.picture(node.key, x, true));
  }
}

// A sentence with numbers in its slots; a number may also decide which one it is.
function sentenceOf({ key, words }, at) {
  const said = Object.entries(words)
    .map(([name, x]) => [name, typeof x === "string" ? filled(x, at, false) : sentenceOf(x, at)]);
  return { key: filled(key, at, false) || "slope", words: Object.fromEntries(said) };
}

// The elements that show the value of a node, in an SVG or in a table.
function boxOf(element) {
  const cell = element.querySelector("td.value");
  return {
    cell, lines: [...element.querySelectorAll("text.value")], numbers: element.querySelector("g.value"),
    image: element.querySelector("image.value"),
  };
}
