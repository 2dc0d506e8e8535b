// The layers: for each one tiles with the histograms of its weights, gradients and outputs, and its dead units.
import { make, makeSvg } from "../../../autograd/inspect/draw/page/elements.js";

const WIDTH = 200;
const HEIGHT = 64;
const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function addLayers(page) {
  const own = make("input", { type: "checkbox" });
  const list = make("div", { class: "layers" });
  const hasHistograms = page.data.layers.some((layer) => layer.tiles.some((tile) => !isFew(tile)));
  if (hasHistograms) page.root.append(make("div", { class: "options" }, make("label", {}, own, " Each step on a scale of its own")));
  page.root.append(list);
  const updates = page.data.layers.flatMap((layer) => addLayer(list, layer, page));
  const update = () => updates.forEach((each) => each(page.at, own.checked));
  own.addEventListener("change", update);
  page.listeners.push(update);
}

function addLayer(list, layer, page) {
  const heading = make("h2", {}, layer.name);
  const section = make("section", { class: "layer", "aria-label": layer.name }, heading);
  const tiles = make("div", { class: "tiles" });
  section.append(tiles);
  list.append(section);
  const updates = layer.tiles.map((tile) => addTile(tiles, tile, page));
  if (layer.dead) updates.push(addDead(heading, layer.dead));
  return updates;
}

function addDead(heading, dead) {
  const text = make("span", { class: "dead" });
  heading.append(" ", text);
  return (at) => {
    const [count, units] = dead[at] ?? [0, 0];
    text.textContent = `${count} of ${units} units dead`;
    text.classList.toggle("some", count > 0);
  };
}

// Whether the numbers themselves are known, since they are few.
function isFew(tile) {
  return tile.of.some((found) => found?.[7].length > 0);
}

// A histogram is [counts, low, high, mean, std, norm, numbers that are not finite, the numbers if they are few].
function addTile(tiles, tile, page) {
  const svg = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const [left, middle, right] = ["span", "span", "span"].map((tag) => make(tag));
  const about = make("p", { class: "about" });
  tiles.append(make("figure", { class: `tile ${tile.kind}` }, make("figcaption", {}, tile.title), svg,
    make("p", { class: "ends" }, left, middle, right), about));
  const known = tile.of.filter(Boolean);
  const few = isFew(tile);
  const draw = few ? linesOver(svg, tile.of, page) : bars(svg, known);
  return (at, own) => {
    const found = tile.of[at];
    const ends = draw(found, own, at);
    if (few) middle.textContent = `over the steps, from ${number(ends[0])} to ${number(ends[1])}`;
    else [left.textContent, right.textContent] = ends.map(number);
    about.textContent = found ? measures(found, few) : "not there at this step";
    svg.setAttribute("aria-label", `${tile.title}: ${about.textContent}`);
  };
}

function measures([, low, high, mean, std, norm, bad, numbers], few) {
  const text = few ? numbers.map(number).join(", ")
    : `mean ${number(mean)}, std ${number(std)}, norm ${number(norm)}, from ${number(low)} to ${number(high)}`;
  return bad ? `${text}; ${bad} not finite` : text;
}

export function number(x) {
  if (x === null || x === undefined) return "not finite";
  return String(Number(x.toPrecision(3))).replace("-", "−");
}

function bars(svg, known) {
  const path = svg.appendChild(makeSvg("path", { class: "bars" }));
  const zero = svg.appendChild(makeSvg("path", { class: "zero", "vector-effect": "non-scaling-stroke" }));
  const all = [Math.min(...known.map((each) => each[1])), Math.max(...known.map((each) => each[2]))];
  return (found, own) => {
    const [low, high] = own && found ? [found[1], found[2]] : all;
    const place = (x) => (high > low ? ((x - low) / (high - low)) * WIDTH : WIDTH / 2);
    path.setAttribute("d", found ? outline(found, place) : "");
    zero.setAttribute("d", low <= 0 && high >= 0 ? `M${place(0)} 0V${HEIGHT}` : "");
    return [low, high];
  };
}

function outline([counts, low, high], place) {
  const wide = (place(high) - place(low)) / counts.length;
  const step = Math.max(wide, 1.5); // all numbers may be the same, or nearly so beside other steps
  let way = "";
  for (let i = 0; i < counts.length; i++) {
    const tall = (LEVELS.indexOf(counts[i]) / (LEVELS.length - 1)) * (HEIGHT - 2);
    if (tall) way += `M${(place(low) + i * wide).toFixed(1)} ${HEIGHT}v${-tall.toFixed(1)}h${step.toFixed(1)}v${tall.toFixed(1)}z`;
  }
  return way;
}

// Of few numbers, each is a line over the steps.
function linesOver(svg, histograms, page) {
  const all = histograms.flatMap((each) => each?.[7] ?? []).filter((x) => x !== null);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (i) => (page.last ? (i / page.last) * (WIDTH - 4) + 2 : WIDTH / 2);
  const y = (value) => HEIGHT - 4 - (high > low ? (value - low) / (high - low) : 0.5) * (HEIGHT - 8);
  const count = Math.max(...histograms.map((each) => each?.[7].length ?? 0));
  for (let k = 0; k < count; k++) {
    const points = histograms.map((each, i) => [i, each?.[7][k]]).filter(([, value]) => value != null);
    const way = points.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    svg.append(makeSvg("polyline", { points: way, class: `line line${k}`, "vector-effect": "non-scaling-stroke" }));
  }
  if (low < 0 && high > 0) svg.append(makeSvg("path", { class: "zero", d: `M0 ${y(0)}H${WIDTH}`, "vector-effect": "non-scaling-stroke" }));
  const marker = svg.appendChild(makeSvg("path", { class: "marker", "vector-effect": "non-scaling-stroke" }));
  return (found, own, at) => {
    marker.setAttribute("d", `M${x(at)} 0V${HEIGHT}`);
    return [low, high];
  };
}
