// The picture of a graph, or the table where there is none: how its nodes show what is known of them.
import { make, makeSvg } from "./elements.js";

// One object per node, whether it is a group of an SVG or a row of a table: how to show what is known of it.
export function nodesOfSvg(svg, nodes) {
  const views = new Map();
  for (const node of nodes) {
    const group = svg.getElementById(node.key);
    group.querySelector("title")?.remove();
    const tooltip = group.insertBefore(makeSvg("title"), group.firstChild);
    const picture = group.querySelector("g.gradient, image.gradient");
    const titles = [...group.querySelectorAll("text.title")].map((element) => [element, element.textContent]);
    const values = [...group.querySelectorAll("text.value")];
    const width = widthOf(group.querySelector("path, polygon")) - 8;
    const gradient = group.querySelector("text.gradient");
    views.set(node.key, { element: group, target: group, titles, values, gradient, picture, tooltip, width });
  }
  return views;
}

// The width of an outline as it is written, which is known before it is shown.
function widthOf(outline) {
  const numbers = (outline.getAttribute("points") ?? outline.getAttribute("d")).match(/-?[\d.]+/g).map(Number);
  const across = numbers.filter((_, i) => i % 2 === 0);
  return Math.max(...across) - Math.min(...across);
}

// The picture of a gradient: rows of numbers, or the address of an image.
export function showPicture(element, picture) {
  element.classList.toggle("hidden", !picture); // nothing is known yet
  if (!picture) return;
  const [first, second] = element.children;
  const column = Array.isArray(picture) && picture[0].length > 1 ? second.getAttribute("x") - first.getAttribute("x") - 4 : Infinity;
  if (Array.isArray(picture)) picture.flat().forEach((number, i) => fit(element.children[i], number, column));
  else element.setAttribute("href", picture);
}

// Writes a text, in narrower letters if it is too long for its box.
export function fit(element, text, width) {
  element.textContent = text;
  if (!element.getComputedTextLength) return;
  element.removeAttribute("textLength");
  if (element.getComputedTextLength() <= width) return;
  element.setAttribute("textLength", width);
  element.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

// Puts everything where another direction of the drawing has it.
export function arrange(svg, home, place) {
  const [width, height] = place.size;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.querySelector("g.graph").setAttribute("transform", `translate(${place.shift.join(" ")})`);
  svg.querySelector("g.graph > polygon")?.remove(); // the background of the first direction
  for (const [key, [x, y]] of Object.entries(place.nodes)) {
    const [x0, y0] = home.nodes[key];
    svg.getElementById(key).setAttribute("transform", `translate(${x - x0} ${y - y0})`);
  }
  for (const [key, [line, head, labels]] of Object.entries(place.edges)) {
    const edge = svg.getElementById(key);
    drawEdge(edge, line, head);
    moveTexts(edge, labels ?? []);
  }
  for (const [key, [outline, titles]] of Object.entries(place.frames)) {
    const frame = svg.getElementById(key);
    frame.querySelector("path").setAttribute("d", `M${outline}`);
    moveTexts(frame, titles);
  }
  moveTexts(svg.querySelector("g.graph"), place.notes);
}

export function moveTexts(element, places) {
  const texts = element.querySelectorAll(":scope > text");
  places.forEach(([x, y], i) => { texts[i].setAttribute("x", x); texts[i].setAttribute("y", y); });
}

// Puts the line of an arrow and its head to a place.
export function drawEdge(edge, line, head) {
  edge.querySelector("path").setAttribute("d", line);
  const tip = edge.querySelector("polygon");
  if (!tip) return;
  tip.setAttribute("points", head);
  edge.querySelector(".reversed")?.remove();
  edge.append(reversedHead(line, head));
}

// An arrowhead at the beginning of a line, and the rest of the line to where its own head was: gradients flow that way.
function reversedHead(line, head) {
  const numbers = line.match(/-?[\d.]+/g).map(Number);
  const [x, y, nextX, nextY] = numbers;
  const length = Math.hypot(nextX - x, nextY - y) || 1;
  const [dx, dy] = [(nextX - x) / length, (nextY - y) / length];
  const corners = [[x, y], [x + 8 * dx - 3.5 * dy, y + 8 * dy + 3.5 * dx], [x + 8 * dx + 3.5 * dy, y + 8 * dy - 3.5 * dx]];
  const tip = head.split(" ")[1];
  const group = makeSvg("g", { class: "reversed" });
  group.append(makeSvg("polygon", { points: corners.join(" ") }));
  group.append(makeSvg("path", { d: `M${numbers.slice(-2).join(",")}L${tip}`, fill: "none" }));
  return group;
}

// Writes what stands in the boxes besides gradients, in the language of the page.
export function writeBoxes(nodes, views, words) {
  for (const node of nodes) {
    const { titles, values, width } = views.get(node.key);
    titles.forEach(([element, text]) => fit(element, words.formula(text), width));
    values.forEach((element, i) => fit(element, words.formula(node.lines[i] ?? ""), width));
  }
}

export function nodesOfTable(table, nodes) {
  const views = new Map();
  for (const node of nodes) {
    const gradient = node.tracked ? make("td", { class: "gradient" }) : null;
    const target = make("button", { type: "button" }, node.title);
    const row = make("tr", { id: node.key }, make("th", {}, target));
    row.append(make("td", { class: "value" }, node.lines.join(", ")), gradient ?? make("td"));
    table.append(row);
    const known = { titles: [[target, node.title]], values: [], gradient, picture: null, tooltip: null };
    views.set(node.key, { element: row, target, ...known, width: Infinity });
  }
  return views;
}

// All that is known of a node, with its numbers in full.
export function describe(node, known, words) {
  const numbers = [known.value, known.grad && words.say("grad", { number: known.grad })].filter(Boolean).join(", ");
  return [words.formula(node.title), numbers].filter(Boolean).join(": ");
}
