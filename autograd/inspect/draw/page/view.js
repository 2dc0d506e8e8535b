// Panning and zooming of the drawing.
import { makeButton } from "./labels.js";
import { arrange } from "./picture.js";

// Which part of the drawing is seen: it is panned by scrolling or dragging, and zoomed with buttons, wheel or fingers.
// Texts stay readable: a unit of the drawing, of which they are 11 or more high, is a pixel unless somebody zooms out.
export function openView(pane, svg, data, onTurn) {
  const [across, down] = data.placements;
  let place = null;
  let size; // of the drawing, in its own units
  let scale;
  let moved = false; // whether somebody has chosen a size
  const resize = (factor) => {
    scale = Math.min(Math.max(factor, 0.1), 8);
    svg.setAttribute("width", size[0] * scale);
    svg.setAttribute("height", size[1] * scale);
  };
  const tallest = () => parseFloat(getComputedStyle(pane).maxHeight);
  const whole = () => Math.min((pane.clientWidth || 800) / size[0], tallest() / size[1]);
  const readable = () => Math.min(Math.max(whole(), 1), 1.333);
  // Shows where reading begins: on the side of what is given, the middle one of the nodes there.
  const begin = () => {
    const [along, beside] = place === across ? [0, 1] : [1, 0];
    const room = [pane.clientWidth, pane.clientHeight].map((length) => length / scale);
    const points = Object.values(place.nodes).map((point) => point.map((at, axis) => at + place.shift[axis]));
    const isForward = place.nodes[data.root][along] + place.shift[along] > size[along] / 2;
    const near = points.filter((point) => (isForward ? point[along] : size[along] - point[along]) < room[along]);
    const middle = near.map((point) => point[beside]).sort((a, b) => a - b)[near.length >> 1] ?? 0;
    const start = [];
    start[along] = isForward ? 0 : size[along];
    start[beside] = middle - room[beside] / 2;
    pane.scrollTo(start[0] * scale, start[1] * scale);
  };
  const turn = (isDown) => {
    if (place === (isDown ? down : across)) return;
    place = isDown ? down : across;
    size = place.size;
    arrange(svg, across, place);
    resize(readable());
    begin();
    onTurn();
  };
  const reshape = (wide, high) => { // when something in the drawing has opened or closed
    size = [wide, high];
    svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    resize(scale);
  };
  const zoom = (factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) => {
    const before = scale;
    moved = true;
    resize(scale * factor);
    pane.scrollLeft = (pane.scrollLeft + x) * (scale / before) - x;
    pane.scrollTop = (pane.scrollTop + y) * (scale / before) - y;
  };
  const suit = () => {
    if (moved) return;
    turn(data.down || (pane.clientWidth > 0 && pane.clientWidth < 600));
    resize(readable());
  };
  suit();

  const watch = new ResizeObserver(suit); // a widget gets its size after it is made
  watch.observe(pane);
  const onWheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = pane.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  };
  let held = null; // the mouse's place while it drags
  const onDown = (event) => { if (event.pointerType === "mouse" && event.button === 0) held = [event.clientX, event.clientY]; };
  const onMove = (event) => {
    if (!held || !event.buttons) { held = null; return; }
    pane.scrollLeft -= event.clientX - held[0];
    pane.scrollTop -= event.clientY - held[1];
    held = [event.clientX, event.clientY];
  };
  let apart = 0; // the distance of two fingers
  const onTouch = (event) => {
    if (event.touches.length !== 2) { apart = 0; return; }
    event.preventDefault();
    const [a, b] = event.touches;
    const distance = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const box = pane.getBoundingClientRect();
    if (apart) zoom(distance / apart, (a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top);
    apart = distance;
  };
  pane.addEventListener("wheel", onWheel, { passive: false });
  pane.addEventListener("pointerdown", onDown);
  pane.addEventListener("pointermove", onMove);
  for (const kind of ["touchstart", "touchmove", "touchend"]) pane.addEventListener(kind, onTouch, { passive: false });
  return {
    turn: () => { moved = true; turn(place === across); },
    zoom,
    reshape,
    fit: () => { moved = true; resize(whole()); },
    close: () => watch.disconnect(),
  };
}

export function addViewButtons(bar, camera, words) {
  const button = (label, title, action) => makeButton(words, label, title, action);
  bar.append(
    button("⤡", "turn", camera.turn), button("−", "smaller", () => camera.zoom(1 / 1.25)),
    button("+", "larger", () => camera.zoom(1.25)), button("fit", "see all", camera.fit));
}
