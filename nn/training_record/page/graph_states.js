// The graph of the loss: the player's picture, with the values and gradients of the step that is shown.
import { make } from "../../../autograd/inspect/draw/page/elements.js";
import { showPicture } from "../../../autograd/inspect/draw/page/picture.js";
import { openView } from "../../../autograd/inspect/draw/page/view.js";

export function addGraph(page) {
  const { graph } = page.data;
  if (!graph) return;
  const pane = make("div", { class: "picture", tabindex: 0, role: "group", "aria-label": "The graph of the loss" });
  const view = make("div", { class: "view" });
  page.root.append(make("figure", { class: "graph" }, make("figcaption", {}, `The graph of ${graph.title}`), view, pane));
  pane.innerHTML = graph.svg;
  const svg = pane.querySelector("svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `The graph of ${graph.title}`);
  const camera = openView(pane, svg, graph, () => {});
  view.append(page.button("⤡", "Turn the drawing", camera.turn), page.button("−", "Smaller", () => camera.zoom(1 / 1.25)),
    page.button("+", "Larger", () => camera.zoom(1.25)), page.button("Fit", "See all of it", camera.fit));
  page.closers.push(camera.close);
  const boxes = graph.nodes.map(({ key }) => {
    const group = svg.querySelector(`[id="${key}"]`);
    group.querySelector("title")?.remove(); // it tells the numbers of one step
    const all = (selector) => [...group.querySelectorAll(selector)];
    return {
      texts: all(":scope > text"), value: group.querySelector("g.value, image.value"),
      gradient: group.querySelector("g.gradient, image.gradient"),
    };
  });
  page.listeners.push(({ at }) => boxes.forEach((box, i) => showBox(box, graph.states[at][i])));
}

function showBox(box, [texts, value, gradient]) {
  box.texts.forEach((element, i) => { element.textContent = texts[i] ?? ""; });
  if (box.value) showPicture(box.value, value);
  if (box.gradient) showPicture(box.gradient, gradient);
}
