// Boxes that open into their parts: from a model to its layers, operations and single numbers, all in one picture.
import { make, makeSvg } from "./elements.js";
import { makeButton } from "./labels.js";
import { outermost } from "./layers.js";
import { Level } from "./level.js";

// What hides numbers of the parts of a box: it is not computed yet, has no final gradient yet, or numbers have changed.
const HIDES = ["unknown", "ungraded", "recorded"];

// host: has root, pane, camera, onTurn, words and data, whose levels are the parts of the boxes that open.
export function addLevels(host) {
  const svg = host.pane.querySelector("svg");
  if (svg && (Object.keys(host.data.levels ?? {}).length || svg.querySelector(".cluster"))) new Levels(host, svg);
}

class Levels {
  constructor(host, svg) {
    this.host = host;
    this.parts = host.data.levels ?? {};
    this.current = this.whole = new Level(svg.querySelector("g.graph"), sizeOf(svg), { title: host.data.title });
    this.path = make("span");
    this.hint = make("small");
    this.crumbs = make("nav", { class: "crumbs" }, this.path, this.hint);
    host.pane.before(this.crumbs);
    svg.setAttribute("role", "group"); // there are no buttons in an image
    this.addOpeners(this.whole);
    if (this.whole.layers.length) this.addLayerButtons();
    host.words.keep(() => this.write());
    host.pane.addEventListener("dblclick", (event) => this.onDoubleClick(event));
    host.pane.addEventListener("keydown", (event) => this.onKey(event));
    host.onTurn.push(() => {
      this.whole.read(sizeOf(svg));
      this.show();
    });
    this.lastChange = lastChanges(host.data);
    host.listeners?.push(() => this.showKnown());
    this.show();
  }

  opener(title, isOpen, action) {
    const attributes = { class: "opener", role: "button", tabindex: 0, "aria-expanded": isOpen, "data-title": title };
    const button = makeSvg("g", attributes,
      makeSvg("title"), makeSvg("circle", { r: 12, class: "around" }), makeSvg("circle", { r: 8 }),
      makeSvg("path", { d: isOpen ? "M-4,0H4" : "M-4,0H4M0,-4V4" }));
    this.writeOpener(button);
    button.addEventListener("click", (event) => { event.stopPropagation(); action(); });
    button.addEventListener("dblclick", (event) => event.stopPropagation());
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation(); // the space bar plays
      action();
    });
    return button;
  }

  addOpeners(level) {
    for (const [key, { element }] of level.boxes) {
      if (!(key in this.parts)) continue;
      const button = this.opener(this.parts[key].title, false, () => this.open(level, key));
      button.dataset.opens = key;
      level.openers.set(key, button);
      element.after(button); // in a player the box is a button itself
    }
  }

  addLayerButtons() {
    const { whole } = this;
    for (const { id, element, title } of whole.layers) {
      element.append(this.opener(title, true, () => this.toggleLayer(id)));
    }
    this.host.view.prepend(makeButton(this.host.words, "layers", "show layers", () => {
      const closed = whole.layers.filter(({ id }) => whole.closed.has(id));
      for (const layer of closed) whole.openLayer(layer);
      if (!closed.length) for (const layer of outermost(whole.layers)) this.closeLayer(layer);
      this.show();
      this.center(closed.length ? whole.layers[0].element : whole.closedBoxes()[0].element);
    }));
  }

  toggleLayer(id) {
    const layer = this.whole.layers.find((each) => each.id === id); // where it is now
    const isClosed = this.whole.closed.has(id);
    if (isClosed) this.whole.openLayer(layer);
    else this.closeLayer(layer);
    this.show();
    const element = isClosed ? layer.element : this.whole.closed.get(id).element;
    element.querySelector(":scope > .opener").focus({ preventScroll: true });
    this.scrollTo(element);
  }

  closeLayer(layer) {
    const { element, size } = this.whole.closeLayer(layer);
    const button = this.opener(layer.title, false, () => this.toggleLayer(layer.id));
    button.setAttribute("transform", `translate(${size[0] / 2 + 1} ${-size[1] / 2 - 1})`);
    element.append(button);
  }

  open(parent, key) {
    const { title, svg } = this.parts[key];
    const box = parent.boxes.get(key).element;
    const picture = parsedSvg(svg);
    const group = picture.querySelector("g.graph");
    const frame = makeSvg("g", { class: "inside", "data-of": key },
      makeSvg("rect", { rx: 6 }), makeSvg("text"),
      this.opener(title, true, () => this.close(level)), makeSvg("g", { class: "parts" }, group));
    group.setAttribute("class", "level");
    for (const element of [box, parent.openers.get(key)]) element.classList.add("opened");
    box.after(frame);
    const level = new Level(group, sizeOf(picture), { key, title, frame, parent });
    level.texts = [...group.querySelectorAll("text, title")].map((text) => [text, text.textContent]);
    parent.inside.set(key, level);
    this.addOpeners(level);
    this.current = level;
    this.writeLevel(level);
    this.show();
    frame.querySelector(".opener").focus({ preventScroll: true });
    this.scrollTo(frame);
  }

  close(level) {
    const { element } = level.parent.boxes.get(level.key);
    level.parent.inside.delete(level.key);
    level.frame.remove();
    const opener = level.parent.openers.get(level.key);
    for (const hidden of [element, opener]) hidden.classList.remove("opened");
    this.current = level.parent;
    this.show();
    opener.focus({ preventScroll: true });
    this.scrollTo(element);
  }

  show() {
    this.whole.arrange();
    this.host.camera.reshape(...this.whole.size);
    this.showKnown();
    this.showPath();
  }

  showPath() {
    const { words } = this.host;
    const path = [];
    for (let level = this.current; level; level = level.parent) path.unshift(level);
    this.path.replaceChildren(...path.flatMap((level, i) => {
      const isLast = i === path.length - 1;
      const title = words.formula(level.title);
      const label = words.say("back to", { title });
      const crumb = isLast
        ? make("span", { "aria-current": "true" }, title)
        : make("button", { type: "button", title: label, "aria-label": label }, title);
      if (!isLast) crumb.addEventListener("click", () => this.close(path[i + 1]));
      return i ? [" › ", crumb] : [crumb];
    }));
    this.showHint();
  }

  showHint() {
    const isOpen = this.whole.inside.size > 0;
    const key = isOpen && this.isChanged ? "parts as recorded" : this.current === this.whole ? "boxes open" : "";
    this.hint.textContent = key && this.host.words.say(key);
  }

  // What is said and written, in the language of the page.
  write() {
    this.crumbs.setAttribute("aria-label", this.host.words.say("what is open"));
    this.host.pane.querySelectorAll(".opener").forEach((button) => this.writeOpener(button));
    for (const level of levelsIn(this.whole)) this.writeLevel(level);
    this.showPath();
  }

  writeOpener(button) {
    const { words } = this.host;
    const key = button.getAttribute("aria-expanded") === "true" ? "close box" : "open box";
    const label = words.say(key, { title: words.formula(button.dataset.title) });
    button.setAttribute("aria-label", label);
    button.querySelector("title").textContent = label;
  }

  // Tooltips have numbers, too: where numbers are hidden, only what is before them is told.
  writeLevel({ frame, title, texts }) {
    const { words } = this.host;
    const isHidden = HIDES.some((name) => frame.closest(`.${name}`));
    const inWords = (text) => words.formula(text.replace(/\bgrad( .*)?$/, (_, number) =>
      number ? words.say("grad", { number: number.trim() }) : words.say("grad above")));
    frame.querySelector(":scope > text").textContent = words.formula(title);
    for (const [element, text] of texts) {
      element.textContent = inWords(element.tagName === "title" && isHidden ? text.split(": ")[0] : text);
    }
  }

  // Whether numbers are others than those that were recorded, which the parts have.
  get isChanged() { return Boolean(this.host.live && !this.host.live.isRecorded); }

  // In a player, parts show their values and gradients once these are final.
  showKnown() {
    const { data, at } = this.host;
    if (!data.steps) return;
    for (const { layer, element } of this.whole.closedBoxes()) {
      for (const state of ["current", "receiving"]) {
        element.classList.toggle(state, [...layer.inside].some((box) => box.element.classList.contains(state)));
      }
    }
    for (const [key, { frame }] of this.whole.inside) {
      const last = this.lastChange.get(key);
      frame.classList.toggle("unknown", this.whole.boxes.get(key).element.classList.contains("unknown"));
      frame.classList.toggle("ungraded", at < last || this.host.isHidden(last));
      frame.classList.toggle("recorded", this.isChanged);
    }
    for (const level of levelsIn(this.whole)) this.writeLevel(level);
    this.showHint();
  }

  center(element) {
    const { pane } = this.host;
    const [inner, outer] = [element, pane].map((each) => each.getBoundingClientRect());
    pane.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
    pane.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
  }

  scrollTo(element) {
    const { pane } = this.host;
    const inner = element.getBoundingClientRect();
    const outer = pane.getBoundingClientRect();
    const by = (start, end, least, most) => {
      const isTooLong = end - start > most - least;
      return isTooLong || start < least ? start - least : Math.max(end - most, 0);
    };
    pane.scrollLeft += by(inner.left, inner.right, outer.left, outer.right);
    pane.scrollTop += by(inner.top, inner.bottom, outer.top, outer.bottom);
  }

  onDoubleClick(event) {
    const found = event.target.closest(".node, .inside, .layer, .cluster");
    if (!found) return;
    const opener = found.matches(".node")
      ? this.host.pane.querySelector(`.opener[data-opens="${found.id}"]`) : found.querySelector(":scope > .opener");
    opener?.dispatchEvent(new Event("click"));
  }

  onKey(event) {
    if (event.key !== "Escape" || this.current === this.whole) return;
    event.stopPropagation();
    this.close(this.current);
  }
}

// By node, the last step that changes a gradient of the node or of what it reads.
function lastChanges({ nodes = [], edges = [], steps = [] }) {
  return new Map(nodes.map(({ key }) => {
    const around = [key, ...edges.filter((edge) => edge.head === key).map((edge) => edge.tail)];
    return [key, steps.findLastIndex((step) => around.some((name) => name in step.grads))];
  }));
}

// All levels that are opened in another one.
const levelsIn = (level) => [...level.inside.values()].flatMap((inner) => [inner, ...levelsIn(inner)]);

const sizeOf = (svg) => svg.getAttribute("viewBox").split(" ").slice(2).map(Number);

function parsedSvg(svg) {
  const holder = make("div");
  holder.innerHTML = svg;
  return holder.querySelector("svg");
}
