// A recorded training: a slider over its steps, and everything that was measured there.
// It needs no library and no network.
import { make } from "../../../autograd/inspect/draw/page/elements.js";
import { fillFrame, followTheme } from "../../../autograd/inspect/draw/page/front_end.js";
import { addKeys } from "../../../autograd/inspect/draw/page/keys.js";
import { addGraph } from "./graph_states.js";
import { addLayers, number } from "./histogram_tiles.js";
import { addLossCurve } from "./loss_curve.js";
import { addPlane } from "./plane.js";

const PAUSE_MS = 250;

class TrainingPage {
  // root: the element to fill; data: what page_data() of Python returns; ownsPage: whether nothing else is there.
  constructor(root, data, ownsPage) {
    this.root = root;
    this.data = data;
    this.ownsPage = ownsPage;
    this.last = data.steps.length - 1;
    this.at = 0;
    this.listeners = []; // called after each step is shown
    this.closers = [];
    root.classList.add("seegrad-player", "seegrad-training");
    root.replaceChildren();
    root.tabIndex = 0;
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", `${data.title}, step by step`);
    if (ownsPage) fillFrame(root);
    this.closers.push(followTheme(root));
  }

  button(label, title, action) {
    const element = make("button", { type: "button", title, "aria-label": title }, label);
    element.addEventListener("click", action);
    return element;
  }

  isDark() { return this.root.classList.contains("dark"); }

  onTheme(action) {
    const observer = new MutationObserver(action);
    observer.observe(this.root, { attributes: true, attributeFilter: ["class"] });
    this.closers.push(() => observer.disconnect());
  }

  go(at) {
    this.at = Math.min(Math.max(at, 0), this.last);
    this.root.dataset.step = this.data.steps[this.at];
    for (const listener of this.listeners) listener(this);
  }

  // Goes to the recorded step that is closest to a step of the training.
  goToStep(step) {
    const distance = (i) => Math.abs(this.data.steps[i] - step);
    this.go([...this.data.steps.keys()].reduce((best, i) => (distance(i) < distance(best) ? i : best), 0));
  }

  close() {
    for (const close of this.closers) close();
  }
}

function addBar(page) {
  const { data, last } = page;
  const play = page.button("Play", "Play or pause (space)", () => toggle());
  const slider = make("input", { type: "range", min: 0, max: last, value: 0, "aria-label": "Recorded step" });
  const about = make("output", { class: "formula", "aria-live": "polite" });
  let timer = null;
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    play.textContent = "Play";
  };
  const next = () => {
    page.go(page.at + 1);
    if (page.at < last) timer = setTimeout(next, PAUSE_MS);
    else stop();
  };
  const toggle = () => {
    if (timer !== null) return stop();
    if (page.at === last) page.go(0);
    play.textContent = "Pause";
    timer = setTimeout(next, PAUSE_MS);
  };
  page.root.append(about, make("div", { class: "bar" },
    page.button("«", "To the first step (Home)", () => page.go(0)),
    page.button("‹", "One recorded step back (left arrow)", () => page.go(page.at - 1)), play,
    page.button("›", "One recorded step on (right arrow)", () => page.go(page.at + 1)),
    page.button("»", "To the last step (End)", () => page.go(last)), slider));
  slider.addEventListener("input", () => page.go(Number(slider.value)));
  page.listeners.push(({ at }) => {
    slider.value = at;
    about.textContent = `step ${data.steps[at]} of ${data.curve[0].at(-1)}: loss ${number(data.losses[at])}`;
    slider.setAttribute("aria-valuetext", about.textContent);
  });
  page.closers.push(stop);
  return toggle;
}

function followAddress(page) {
  const hasAddress = page.ownsPage && location.protocol !== "about:"; // a frame of a notebook has none
  if (!hasAddress) return page.go(page.last);
  const fromAddress = () => {
    const step = /step=(\d+)/.exec(location.hash)?.[1];
    step === undefined ? page.go(page.last) : page.goToStep(Number(step));
  };
  page.listeners.push(({ at }) => history.replaceState(null, "", `#step=${page.data.steps[at]}`));
  window.addEventListener("hashchange", fromAddress);
  page.closers.push(() => window.removeEventListener("hashchange", fromAddress));
  fromAddress();
}

export function mount(root, data, ownsPage = false) {
  const page = new TrainingPage(root, data, ownsPage);
  const toggle = addBar(page);
  addKeys(page, toggle);
  page.overview = root.appendChild(make("div", { class: "overview" }));
  addLossCurve(page);
  addPlane(page);
  addGraph(page);
  addLayers(page);
  root.append(make("p", { class: "note" }, data.notes.join(" ")));
  followAddress(page);
  return () => page.close();
}

// What anywidget calls in a notebook.
export const widget = {
  render({ model, el }) {
    const root = make("div");
    el.append(root);
    return mount(root, model.get("story"));
  },
};
