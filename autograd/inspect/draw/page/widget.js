// What anywidget calls in a notebook.
import { make } from "./elements.js";
import { mount } from "./player.js";

export function render({ model, el }) {
  const root = make("div");
  el.append(root);
  return mount(root, model.get("story"), false, model);
}
