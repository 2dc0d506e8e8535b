// Why the gradient of a node is what it is: its rule in words and in numbers, and all paths from it to the result.
import { make } from "./elements.js";
import { Paths } from "./paths.js";

const MOST_PATHS = 8;
const CLICK_PX = 5; // who moves further drags the drawing
const DOUBLE_MS = 250; // how long a box that opens waits for a second click

export function addExplain(player) {
  const panel = make("section", { class: "explain" });
  const hint = make("p", { class: "explain-hint" });
  player.words.keep(() => { hint.textContent = player.say("how to explain"); });
  player.root.insertBefore(hint, player.list);
  player.root.insertBefore(panel, player.list);
  const explanation = new Explanation(player, panel, hint);
  for (const node of player.data.nodes) makeNodeAButton(player, node, explanation);
  player.listeners.push(() => explanation.show());
}

// A node answers to a click, to Enter and to the space bar. A double click opens a box, and explains nothing.
function makeNodeAButton(player, node, explanation) {
  const { target } = player.views.get(node.key);
  target.setAttribute("tabindex", 0);
  if (target.tagName !== "BUTTON") target.setAttribute("role", "button");
  const opens = node.key in (player.data.levels ?? {});
  let pressed = null; // where the mouse was pressed
  let waiting = 0;
  target.addEventListener("pointerdown", (event) => { pressed = [event.clientX, event.clientY]; });
  target.addEventListener("click", (event) => {
    const moved = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]);
    pressed = null;
    if (moved >= CLICK_PX || event.detail > 1) return;
    clearTimeout(waiting);
    if (opens && event.detail === 1) waiting = setTimeout(() => explanation.choose(node.key), DOUBLE_MS);
    else explanation.choose(node.key);
  });
  target.addEventListener("dblclick", () => {
    clearTimeout(waiting);
    if (opens && explanation.key === node.key) explanation.choose(null); // of a slow double click
  });
  player.closers.push(() => clearTimeout(waiting));
  target.addEventListener("keydown", (event) => {
    if (event.key === "Escape") explanation.choose(null);
    if (event.target !== target || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    event.stopPropagation();
    explanation.choose(node.key, true);
  });
}

class Explanation {
  constructor(player, panel, hint) {
    this.player = player;
    this.hint = hint; // how to begin
    this.panel = panel;
    this.key = null; // of the node that is explained
    this.path = null; // the number of the path that is lit alone
    this.nodes = new Map(player.data.nodes.map((node) => [node.key, node]));
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  // A second choice of the same node ends its explanation.
  choose(key, byKeyboard = false) {
    this.key = key === this.key ? null : key;
    this.path = null;
    this.show();
    if (!this.key) return;
    if (byKeyboard) this.panel.querySelector("h2").focus();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  close() {
    const { target } = this.player.views.get(this.key);
    this.choose(null);
    target.focus();
  }

  show() {
    const { player, panel } = this;
    for (const [key, { element, target }] of player.views) {
      element.classList.toggle("explained", key === this.key);
      target.setAttribute("aria-pressed", String(key === this.key));
    }
    this.hint.hidden = Boolean(this.key);
    if (!this.key) {
      panel.replaceChildren();
      panel.removeAttribute("aria-label");
      return this.light([]);
    }
    const node = this.nodes.get(this.key);
    const paths = new Paths(player.data, (edge) => player.factor(edge));
    const chosen = panel.contains(document.activeElement) ? document.activeElement.dataset.path : undefined;
    panel.setAttribute("aria-label", player.say("explanation", { x: node.name }));
    panel.replaceChildren(this.head(node), ...this.computation(node), ...this.rules(node), ...this.gradient(node, paths));
    if (chosen !== undefined) panel.querySelector(`[data-path="${chosen}"]`)?.focus();
    const shown = this.path === null ? paths.edges(node.key) : paths.first(node.key, MOST_PATHS)[this.path];
    this.light(shown, node.key);
  }

  // Lights edges in the drawing, and the nodes at their ends.
  light(edges, key) {
    const lit = new Set(edges.flatMap((edge) => [edge.key, edge.tail, edge.head]));
    if (key) lit.add(key);
    this.player.pane.querySelectorAll(".node, .edge, tr").forEach((element) => {
      element.classList.toggle("lit", lit.has(element.id));
    });
  }

  head(node) {
    const { player } = this;
    const close = make("button", { type: "button", title: player.say("close"), "aria-label": player.say("close") }, "×");
    close.addEventListener("click", () => this.close());
    const value = node.given && player.valueText(node.key);
    const title = player.words.formula(node.title) + (value ? ` = ${value}` : "");
    const heading = make("h2", { tabindex: -1 }, title);
    return make("div", { class: "head" }, heading, close);
  }

  // How its value was computed, and by which line of Python.
  computation(node) {
    const { player } = this;
    if (node.given) {
      const given = node.tracked ? "given" : "no gradient";
      return [make("p", {}, player.say(given, { x: node.name }))];
    }
    const index = player.data.steps.findIndex((step) => step.phase === "forward" && step.node === node.key);
    return [
      make("h3", {}, player.say("forward heading")), make("p", { class: "in-numbers" }, player.stepText(index)),
      ...this.line(node)];
  }

  line({ line }) {
    const { player } = this;
    if (!line) return [make("p", { class: "quiet" }, player.say("no line"))];
    const place = player.say(line.file ? "place" : "cell", { file: line.file, line: String(line.number) });
    const text = make("p", {}, player.say("recorded at", { place }));
    return line.text ? [text, make("pre", {}, make("code", {}, line.text))] : [text];
  }

  // What its operation does to its gradient: the steps in which that goes on to its inputs.
  rules(node) {
    const { player } = this;
    const list = make("ul");
    player.data.steps.forEach((step, index) => {
      if (step.phase !== "backward" || step.node !== node.key) return;
      const formula = make("span", { class: "in-numbers" }, player.stepText(index));
      list.append(make("li", {}, formula, make("br"), player.stepNote(index)));
    });
    if (node.given || !list.children.length) return [];
    return [make("h3", {}, player.say("rules heading")), list];
  }

  gradient(node, paths) {
    const { player } = this;
    if (!node.tracked) return node.given ? [] : [make("p", {}, player.say("no gradient", { x: node.name }))];
    const heading = make("h3", {}, player.say("paths heading"));
    if (node.key === player.data.root) return [heading, make("p", {}, player.say("is result", { x: node.name }))];
    const count = paths.count(node.key);
    const words = { x: node.name, root: this.nodes.get(player.data.root).name, n: count.toLocaleString("en") };
    const secret = player.isGradientHidden(node.key);
    const parts = paths.areNumbers(node.key)
      ? this.pathsOfNumbers(node, paths, count, words, secret) : this.arrivals(node, paths, count, words, secret);
    if (secret) parts.push(make("p", { class: "quiet" }, player.say("hidden by quiz")));
    else if (this.isHooked(node, paths)) parts.push(make("p", { class: "quiet" }, player.say("hooked")));
    return [heading, ...parts];
  }

  isHooked(node, paths) {
    return node.hooked || paths.edges(node.key).some((edge) => this.nodes.get(edge.head).hooked);
  }

  pathsOfNumbers(node, paths, count, words, secret) {
    const { player } = this;
    const number = (x) => (secret ? "?" : player.short(x));
    const list = make("ol", { class: "paths" });
    const first = paths.first(node.key, MOST_PATHS);
    first.forEach((path, i) => {
      const names = [node.key, ...path.map((edge) => edge.head)].map((key) => this.nodes.get(key).name).join(" → ");
      const factors = path.map((edge) => player.closed(number(player.factor(edge)))).join(" × ");
      const button = make("button", { type: "button", "data-path": i, "aria-pressed": this.path === i },
        make("span", {}, names), make("span", { class: "in-numbers" }, [path.length > 1 && factors, number(paths.product(path))].filter(Boolean).join(" = ")));
      button.addEventListener("click", () => {
        this.path = this.path === i ? null : i;
        this.show();
      });
      list.append(make("li", {}, button, ...(this.path === i ? [this.along(path, secret)] : [])));
    });
    const sum = paths.sum(node.key);
    const rest = sum - first.reduce((total, path) => total + paths.product(path), 0);
    const more = count - BigInt(first.length);
    if (more > 0n) {
      const text = player.say("more paths", { n: more.toLocaleString("en"), number: number(rest) });
      list.append(make("li", { class: "more" }, text));
    }
    const total = player.say("sum of paths", { slope: node.slope, number: number(sum) });
    return [
      make("p", {}, player.say(count === 1n ? "one path" : "paths", words)), list,
      make("p", { class: "in-numbers total", "data-sum": secret ? "" : sum }, total)];
  }

  // What happens to the gradient on a path, from the result back to the node.
  along(path, secret) {
    const { player } = this;
    const list = make("ol", { class: "along" });
    for (const edge of [...path].reverse()) {
      const index = player.data.steps.findIndex((step) => step.phase === "backward" && step.edges.includes(edge.key));
      const notes = player.data.steps[index].notes.filter((note) => !note.key.startsWith("join"));
      const factor = secret ? "?" : player.closed(player.short(player.factor(edge)));
      const names = [edge.head, edge.tail].map((key) => this.nodes.get(key).name).join(" → ");
      const said = player.isHidden(index) ? "" : player.words.sentences(notes);
      list.append(make("li", {}, make("span", { class: "in-numbers" }, `${names}: × ${factor}`), " ", said));
    }
    return list;
  }

  // A local derivative of an array is no number: what its readers send back adds up.
  arrivals(node, paths, count, words, secret) {
    const { player } = this;
    const list = make("ul", { class: "paths" });
    for (const edge of paths.readers.get(node.key)) {
      const number = secret ? "?" : player.words.formula(player.arrivalText(edge));
      list.append(make("li", {}, player.say("arrives", { reader: this.nodes.get(edge.head).name, number })));
    }
    const total = player.say("sum of paths", {
      slope: node.slope, number: secret ? "?" : player.words.formula(player.gradientText(node.key)) });
    return [
      make("p", {}, player.say(count === 1n ? "array path" : "arrays", words)), list,
      make("p", { class: "in-numbers total" }, total), make("p", { class: "quiet" }, player.say("scalars"))];
  }
}
