// The backprop player: shows a picture of a graph and steps through its computation and its backward pass.
// mount() needs no library and no network; render() is what anywidget calls in a notebook.

const PAUSE_MS = 1600;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// One object per node, whether it is a group of an SVG or a row of a table: how to show what is known of it.
function nodesOfSvg(svg, nodes) {
  const views = new Map();
  for (const node of nodes) {
    const group = svg.querySelector(`[id="${node.key}"]`);
    const texts = [...group.querySelectorAll("text")]; // one for each line
    const gradient = node.tracked ? texts.pop() : null;
    const values = node.lines.length ? texts.splice(-node.lines.length) : [];
    values.push(...group.querySelectorAll('polygon[stroke="none"]')); // the little picture of an array
    values.forEach((element) => element.classList.add("value"));
    gradient?.classList.add("gradient");
    group.querySelector("title")?.remove();
    const tooltip = document.createElementNS("http://www.w3.org/2000/svg", "title");
    group.prepend(tooltip);
    views.set(node.key, { element: group, gradient, tooltip });
  }
  return views;
}

function nodesOfTable(table, nodes) {
  const views = new Map();
  for (const node of nodes) {
    const gradient = node.tracked ? make("td", { class: "gradient" }) : null;
    const row = make("tr", { id: node.key }, make("th", {}, node.title));
    row.append(make("td", { class: "value" }, node.lines.join(", ")), gradient ?? make("td"));
    table.append(row);
    views.set(node.key, { element: row, gradient, tooltip: null });
  }
  return views;
}

// All that is known of a node, with its numbers in full.
function describe(node, known) {
  const numbers = [known.value, known.grad && `grad ${known.grad}`].filter(Boolean).join(", ");
  return [node.title, numbers].filter(Boolean).join(": ");
}

function followTheme(root) {
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const jupyter = document.body.dataset.jpThemeLight; // JupyterLab has a theme of its own
    root.classList.toggle("dark", jupyter ? jupyter === "false" : media.matches);
  };
  update();
  media.addEventListener("change", update);
  const observer = new MutationObserver(update);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => { media.removeEventListener("change", update); observer.disconnect(); };
}

export function mount(root, data, ownsPage = false) {
  const { nodes, steps } = data;
  const last = steps.length - 1;
  let at = 0;
  let timer = null;

  // ---------------------------------------------------------------------------------------- the page
  root.classList.add("seegrad-player");
  root.tabIndex = 0;
  const pane = make("div", { class: "picture" });
  const formula = make("output", { class: "formula", "aria-live": "polite" });
  const note = make("p", { class: "note" });
  const button = (label, title, action) => {
    const element = make("button", { type: "button", title, "aria-label": title }, label);
    element.addEventListener("click", action);
    return element;
  };
  const play = button("Play", "Play or pause (space)", () => toggle());
  const scrubber = make("input", { type: "range", min: 0, max: last, value: 0, "aria-label": "Step" });
  const counter = make("span", { class: "counter" });
  const speed = make("select", { "aria-label": "Speed" });
  for (const factor of [0.5, 1, 2, 4]) speed.append(new Option(`${factor}×`, factor, factor === 1, factor === 1));
  const bar = make("div", { class: "bar" },
    button("«", "To the start (Home)", () => go(0)), button("‹", "One step back (left arrow)", () => go(at - 1)), play,
    button("›", "One step on (right arrow)", () => go(at + 1)), button("»", "To the end (End)", () => go(last)),
    scrubber, counter, speed);
  const list = make("ol", { class: "steps", "aria-label": "All steps" });
  const items = steps.map((step, i) => {
    const jump = make("button", { type: "button", title: step.text }, step.text);
    jump.addEventListener("click", () => go(i));
    list.append(make("li", { class: step.phase }, jump));
    return jump;
  });
  root.replaceChildren(pane, formula, note, bar, list);

  let views;
  if (data.svg) {
    pane.innerHTML = data.svg;
    views = nodesOfSvg(pane.querySelector("svg"), nodes);
  } else {
    const table = make("table");
    pane.append(make("p", { class: "hint" }, data.hint), table);
    views = nodesOfTable(table, nodes);
  }
  const forgetTheme = followTheme(root);

  // --------------------------------------------------------------------------------------- one step
  // What is known at a step follows from all steps up to it, so going back is as easy as going on.
  function show() {
    const step = steps[at];
    const known = new Set();
    const grads = new Map();
    for (const past of steps.slice(0, at + 1)) {
      past.values.forEach((key) => known.add(key));
      for (const [key, pair] of Object.entries(past.grads)) grads.set(key, pair);
    }
    for (const node of nodes) {
      const { element, gradient, tooltip } = views.get(node.key);
      const pair = grads.get(node.key);
      element.classList.toggle("unknown", !known.has(node.key));
      element.classList.toggle("current", node.key === step.node);
      element.classList.toggle("receiving", step.phase === "backward" && node.key in step.grads);
      element.dataset.value = known.has(node.key) ? node.value : "";
      element.dataset.grad = pair ? pair[1] : "";
      if (tooltip) tooltip.textContent = describe(node, element.dataset);
      if (gradient) {
        gradient.textContent = `grad ${pair ? pair[0] : "not yet"}`;
        gradient.classList.toggle("missing", !pair);
      }
    }
    pane.querySelectorAll(".edge").forEach((edge) => {
      const used = step.edges.includes(edge.id);
      edge.classList.toggle("forwards", used && step.phase === "forward");
      edge.classList.toggle("backwards", used && step.phase === "backward");
    });
    formula.textContent = step.text;
    note.textContent = step.note;
    counter.textContent = `${step.phase} ${at} / ${last}`;
    scrubber.value = at;
    root.dataset.step = at;
    root.dataset.phase = step.phase;
    items.forEach((item) => item.removeAttribute("aria-current"));
    items[at].setAttribute("aria-current", "step");
    list.scrollTop = items[at].offsetTop - list.clientHeight / 2;
    follow(views.get(step.node)?.element);
  }

  // Keep the node at work in sight, without moving the page itself.
  function follow(element) {
    if (!element) return;
    const inner = element.getBoundingClientRect();
    const outer = pane.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) pane.scrollLeft += inner.left - outer.left - outer.width / 2;
    if (inner.top < outer.top || inner.bottom > outer.bottom) pane.scrollTop += inner.top - outer.top - outer.height / 2;
  }

  function go(step) {
    at = Math.min(Math.max(step, 0), last);
    show();
    if (ownsPage) history.replaceState(null, "", `#step=${at}`);
    if (at === last) stop();
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
    play.textContent = "Play";
  }

  function toggle() {
    if (timer !== null) return stop();
    if (at === last) go(0);
    play.textContent = "Pause";
    const next = () => {
      go(at + 1);
      if (at < last) timer = setTimeout(next, PAUSE_MS / Number(speed.value));
    };
    timer = setTimeout(next, 0);
  }

  // -------------------------------------------------------------------------------------------- keys
  const keys = { ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(last), " ": toggle };
  function onKey(event) {
    const tag = event.target.tagName;
    const busy = tag === "SELECT" || tag === "INPUT" || (tag === "BUTTON" && event.key === " ");
    if (busy || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has meanings of its own for these keys
    keys[event.key]();
  }
  const listener = ownsPage ? document : root;
  listener.addEventListener("keydown", onKey);
  scrubber.addEventListener("input", () => go(Number(scrubber.value)));

  const fromAddress = () => go(Number(/step=(\d+)/.exec(location.hash)?.[1] ?? 0));
  if (ownsPage) {
    window.addEventListener("hashchange", fromAddress);
    fromAddress();
  } else {
    go(0);
  }
  return () => {
    stop();
    forgetTheme();
    listener.removeEventListener("keydown", onKey);
    window.removeEventListener("hashchange", fromAddress);
  };
}

export default {
  render({ model, el }) {
    const root = make("div");
    el.append(root);
    return mount(root, model.get("story"));
  },
};
