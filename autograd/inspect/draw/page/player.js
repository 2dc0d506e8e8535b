// The backprop player: shows a picture of a graph and steps through its computation and its backward pass.
// It needs no library and no network.
import { addAddress, addControls } from "./controls.js";
import { make } from "./elements.js";
import { addExplain } from "./explain.js";
import { addFactors } from "./factors.js";
import { fillFrame, followTheme } from "./front_end.js";
import { addLanguage, Words } from "./language.js";
import { makeButton } from "./labels.js";
import { addLevels } from "./levels.js";
import { addLive } from "./live_panel.js";
import { closed, numbersIn, short, toNumber } from "./numbers.js";
import { describe, fit, nodesOfSvg, nodesOfTable, showPicture, writeBoxes } from "./picture.js";
import { addQuiz } from "./quiz.js";
import { addSlides } from "./slides.js";
import { addToken } from "./token.js";
import { addViewButtons, openView } from "./view.js";
import { addWindows } from "./windows.js";

const LONGEST_ARRAY = 60; // characters in a line

export class Player {
  // root: the element to fill; data: what Player._data() of Python returns; ownsPage: whether nothing else is there.
  constructor(root, data, ownsPage) {
    this.root = root;
    this.data = data;
    this.ownsPage = ownsPage;
    this.last = data.steps.length - 1;
    this.at = 0;
    this.listeners = []; // called with whether it is another step, after each one is shown and after numbers have changed
    this.onTurn = []; // called after the drawing is turned
    this.words = new Words(data);
    this.closers = [];
    this.build();
    this.openPicture();
    this.words.keep(() => writeBoxes(data.nodes, this.views, this.words));
    this.closers.push(followTheme(root));
  }

  build() {
    const { root, data } = this;
    root.classList.add("seegrad-player");
    if (this.ownsPage) fillFrame(root);
    root.tabIndex = 0;
    root.setAttribute("role", "region");
    this.view = make("div", { class: "view" });
    this.pane = make("div", { class: "picture", tabindex: 0, role: "group" });
    this.words.keep(() => {
      root.setAttribute("aria-label", this.say("region", { title: data.title }));
      this.pane.setAttribute("aria-label", this.say("the graph"));
    });
    this.formula = make("output", { class: "formula", "aria-live": "polite" });
    this.note = make("p", { class: "note" });
    root.replaceChildren(this.view, this.pane, this.formula, this.note);
  }

  openPicture() {
    const { data, pane } = this;
    if (!data.svg) {
      const table = make("table");
      pane.append(make("p", { class: "hint" }, data.hint), table);
      this.views = nodesOfTable(table, data.nodes);
      return;
    }
    pane.innerHTML = data.svg;
    const svg = pane.querySelector("svg");
    this.svg = svg;
    svg.setAttribute("role", "group"); // its nodes can be chosen
    this.words.keep(() => {
      const nodes = data.nodes.map((node) => this.words.formula(node.title)).join(this.say("list separator"));
      svg.setAttribute("aria-label", this.say("graph of", { title: data.title, nodes }));
    });
    this.views = nodesOfSvg(svg, data.nodes);
    const camera = this.camera = openView(pane, svg, data, () => {
      this.follow();
      for (const listener of this.onTurn) listener(this);
    });
    addViewButtons(this.view, camera, this.words);
    this.closers.push(camera.close);
  }

  button(label, title, action) { return makeButton(this.words, label, title, action); }

  say(key, words) { return this.words.say(key, words); }

  get step() { return this.data.steps[this.at]; }

  // What a quiz hides: the numbers of a step, the derivative on an edge, all that is known of a gradient.
  isHidden() { return false; }

  isSecret() { return false; }

  isGradientHidden() { return false; }

  stepText(index) {
    const { target, text } = this.data.steps[index];
    return this.isHidden(index) ? `${target} ?` : this.words.formula(text);
  }

  // changed: words that replace those of the sentences.
  stepNote(index, changed) {
    const hidden = this.isHidden(index) && !changed;
    return hidden ? "" : this.words.sentences(this.data.steps[index].notes, changed);
  }

  // Numbers: as texts with all digits, in few characters, and of edges.
  valueOf(key) { return this.data.nodes.find((node) => node.key === key).value; }

  gradientOf(index, key) { return this.data.steps[index].grads[key][1]; }

  factor(edge) { return toNumber(edge.factor); }

  valueText(key) {
    const numbers = numbersIn(this.valueOf(key));
    return numbers.length === 1 ? short(numbers[0].number) : "";
  }

  gradientText(key) {
    const last = this.data.steps.findLastIndex((step) => key in step.grads);
    if (last < 0) return "";
    const [text, numbers] = this.data.steps[last].grads[key];
    return numbers.startsWith("[") && numbers.length <= LONGEST_ARRAY ? numbers : text;
  }

  arrivalText(edge) { return edge.arrives; }

  short(number, digits) { return short(number, digits); }

  closed(text) { return closed(text); }

  go(step) {
    this.at = Math.min(Math.max(step, 0), this.last);
    this.show();
  }

  // What is known at a step follows from all steps up to it, so going back is as easy as going on.
  known() {
    const values = new Set();
    const grads = new Map();
    for (const past of this.data.steps.filter((_, i) => i <= this.at && !this.isHidden(i))) {
      past.values.forEach((key) => values.add(key));
      for (const [key, shown] of Object.entries(past.grads)) grads.set(key, shown);
    }
    return { values, grads };
  }

  // Shows other numbers at the same step.
  refresh() { this.show(false); }

  show(follow = true) {
    const { step, root } = this;
    const { values, grads } = this.known();
    for (const node of this.data.nodes) this.showNode(node, values.has(node.key), grads.get(node.key));
    this.pane.querySelectorAll(".edge").forEach((edge) => {
      const used = step.edges.includes(edge.id);
      edge.classList.toggle("forwards", used && step.phase === "forward");
      edge.classList.toggle("backwards", used && step.phase === "backward");
    });
    this.formula.textContent = this.stepText(this.at);
    this.note.textContent = this.stepNote(this.at);
    root.dataset.step = this.at;
    root.dataset.phase = step.phase;
    if (follow) this.follow();
    for (const listener of this.listeners) listener(this, follow);
  }

  // grad: the text to show, all numbers and the picture; undefined as long as there is none.
  showNode(node, isComputed, grad) {
    const { step } = this;
    const { element, target, gradient, picture, tooltip, width } = this.views.get(node.key);
    element.classList.toggle("unknown", !isComputed);
    element.classList.toggle("current", node.key === step.node);
    element.classList.toggle("receiving", step.phase === "backward" && node.key in step.grads);
    element.dataset.value = isComputed ? node.value : "";
    element.dataset.grad = grad ? grad[1] : "";
    const known = describe(node, element.dataset, this.words);
    if (tooltip) tooltip.textContent = known;
    target.setAttribute("aria-label", known);
    if (!gradient) return;
    const numbers = picture && grad && Array.isArray(grad[2]); // in the picture itself
    const number = grad && this.words.formula(grad[0]);
    const said = numbers ? this.say("grad above") : number ? this.say("grad", { number }) : this.say("grad not yet");
    fit(gradient, said, width);
    gradient.classList.toggle("missing", !grad);
    if (picture) showPicture(picture, grad?.[2]);
  }

  // Keep the node at work in sight, without moving the page itself.
  follow() {
    const element = this.views?.get(this.step.node)?.element;
    if (!element) return;
    const { pane } = this;
    const inner = element.getBoundingClientRect();
    const outer = pane.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) pane.scrollLeft += inner.left - outer.left - outer.width / 2;
    if (inner.top < outer.top || inner.bottom > outer.bottom) pane.scrollTop += inner.top - outer.top - outer.height / 2;
  }

  close() {
    for (const close of this.closers) close();
  }
}

// model: that of a widget, if it is one.
export function mount(root, data, ownsPage = false, model = null) {
  const player = new Player(root, data, ownsPage);
  addLevels(player);
  addControls(player);
  addWindows(player);
  addExplain(player);
  addFactors(player);
  addToken(player);
  addQuiz(player);
  addLive(player, model);
  addSlides(player);
  addLanguage(player);
  addAddress(player);
  return () => player.close();
}
