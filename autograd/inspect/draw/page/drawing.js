// A drawing in a page: it is panned, zoomed and turned, and its boxes open into their parts.
import { make } from "./elements.js";
import { fillFrame, followTheme } from "./front_end.js";
import { Words } from "./language.js";
import { addLevels } from "./levels.js";
import { addViewButtons, openView } from "./view.js";

// root: the element that holds the SVG; data: what drawing_page.py writes.
export function mountDrawing(root, data) {
  const svg = root.querySelector("svg");
  const words = new Words(data);
  const label = words.say("the graph");
  const pane = make("div", { class: "picture", tabindex: 0, role: "group", "aria-label": label }, svg);
  const view = make("div", { class: "view" });
  svg.removeAttribute("style");
  root.classList.add("seegrad-player");
  root.prepend(view, pane);
  fillFrame(root);
  followTheme(root);
  const onTurn = [];
  const camera = openView(pane, svg, data, () => onTurn.forEach((listener) => listener()));
  addViewButtons(view, camera, words);
  addLevels({ root, view, pane, camera, onTurn, data, words });
}
