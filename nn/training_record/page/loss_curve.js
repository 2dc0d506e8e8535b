// The curve of the loss over all steps, with a marker at the step that is shown; a click goes to a step.
import { make, makeSvg } from "../../../autograd/inspect/draw/page/elements.js";
import { number } from "./histogram_tiles.js";

const WIDE = 640;
const TALL = 150;
const EDGE = 8;
const LOGARITHMIC_FROM = 30; // the ratio of the largest to the smallest loss from which the scale is logarithmic

export function addLossCurve(page) {
  const { data } = page;
  const [steps, losses] = data.curve;
  const known = losses.filter((loss) => loss !== null);
  if (!known.length) known.push(0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const logarithmic = low > 0 && high / low > LOGARITHMIC_FROM;
  const height = (loss) => (logarithmic ? Math.log(loss) : loss);
  const [bottom, top] = [height(low), height(high)];
  const first = steps[0], last = steps.at(-1);
  const x = (step) => EDGE + (last > first ? (step - first) / (last - first) : 0.5) * (WIDE - 2 * EDGE);
  const y = (loss) => TALL - EDGE - (top > bottom ? (height(loss) - bottom) / (top - bottom) : 0.5) * (TALL - 2 * EDGE);

  const svg = makeSvg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", `The loss over ${last} steps, from ${number(losses[0])} to ${number(losses.at(-1))}`);
  const thin = { "vector-effect": "non-scaling-stroke" };
  const points = steps.map((step, i) => [step, losses[i]]).filter(([, loss]) => loss !== null);
  const way = points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
  svg.append(makeSvg("polyline", { class: "loss", points: way, ...thin }));
  const marker = svg.appendChild(makeSvg("path", { class: "marker", ...thin }));
  const dot = make("span", { class: "dot" });
  const frame = make("div", { class: "frame" }, svg, dot);
  page.overview.append(make("figure", { class: "curve" },
    make("figcaption", {}, logarithmic ? "Loss (logarithmic scale)" : "Loss"), frame,
    make("p", { class: "ends" }, make("span", {}, `step ${first}`), make("span", {}, `${number(low)} … ${number(high)}`),
      make("span", {}, `step ${last}`))));

  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const step = first + (((event.clientX - box.left) / box.width) * WIDE - EDGE) / (WIDE - 2 * EDGE) * (last - first);
    page.goToStep(step);
  });
  page.listeners.push(({ at }) => {
    const step = data.steps[at];
    marker.setAttribute("d", `M${x(step)} 0V${TALL}`);
    dot.style.left = `${(100 * x(step)) / WIDE}%`;
    dot.hidden = data.losses[at] === null;
    if (!dot.hidden) dot.style.top = `${(100 * y(data.losses[at])) / TALL}%`;
  });
}
