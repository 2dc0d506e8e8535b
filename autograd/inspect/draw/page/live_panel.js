// Changing numbers: by dragging them in the drawing, by keys, with a slider, or by typing; and what follows from it.
import { make } from "./elements.js";
import { addLive as addFilm } from "./film.js";
import { label, named, said } from "./labels.js";
import { Live } from "./live.js";
import { short } from "./numbers.js";
import { addStepping } from "./stepping.js";

// A step of about a twentieth of a number, which has one digit.
const stepOf = (x) => 10 ** (Math.floor(Math.log10(Math.max(Math.abs(x), 0.1))) - 1);
const rounded = (x) => Number(x.toPrecision(9));

export function addLive(player, model) {
  if (!player.data.live) return addFilm(player);
  const live = new Live(player);
  player.live = live;
  const leaves = live.given.leaves.filter(([, , , , isReal]) => isReal);
  if (!leaves.length) return;
  const panel = make("section", { class: "live" });
  named(player, panel, "change numbers");
  player.list.before(panel);
  const toggle = player.button("change numbers", "show numbers", () => open(panel.hidden));
  const open = (isOpen) => {
    panel.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  open(false);
  player.view.prepend(toggle);
  const status = make("p", { class: "status", role: "status" });
  const editor = addEditor(player, live, leaves, panel);
  const nudge = addNudge(player, live, editor, panel);
  editor.open = () => open(true);
  editor.hint = said(player, "how to change");
  editor.hint.id = `seegrad-live-${Math.random().toString(36).slice(2)}`; // a page may hold several players
  if (player.data.svg) panel.prepend(editor.hint);
  const stepping = addStepping(player, live, panel);
  editor.row.append(player.button("reset", "put back", () => { stepping.restart(); live.reset(); }));
  panel.append(status);
  if (live.given.kept.length) panel.append(said(player, "kept", { titles: live.given.kept.join("; ") }));
  let wasChanged = false; // since then the panel may have been closed
  live.listeners.push((held) => {
    status.textContent = held ? "" : player.say("not held");
    if (!held || (!live.isRecorded && !wasChanged)) open(true);
    wasChanged = !live.isRecorded;
    editor.show();
    nudge();
  });
  if (player.data.svg) for (const leaf of leaves) makeDraggable(player, live, leaf, editor);
  if (model) addPython(player, live, model, panel);
  player.closers.push(stepping.close);
  player.words.keep(() => live.listeners.forEach((listener) => listener(true)));
}

// The row in which one number of a leaf is chosen and changed.
function addEditor(player, live, leaves, panel) {
  const leaf = named(player, make("select"), "which number");
  for (const [key, , , name] of leaves) leaf.append(new Option(name, key));
  const place = named(player, make("input", { type: "number", min: 0, value: 0, step: 1, class: "place" }), "which element");
  const index = make("span", { class: "index" });
  const slider = named(player, make("input", { type: "range", step: "any" }), "value slider");
  const field = named(player, make("input", { type: "number", step: "any", class: "number" }), "value field");
  const row = make("div", { class: "row editor" }, leaf, place, index, slider, field);
  panel.append(row);
  const [first] = leaves.find(([key]) => live.gradient(key)) ?? leaves[0];
  const editor = { key: first, i: 0, row, field, listeners: [] };
  const fix = (bound) => { slider.min = -bound; slider.max = bound; };

  editor.show = () => {
    const { key } = editor;
    const { shape, data } = live.leaf(key);
    editor.i = Math.min(Math.max(Math.trunc(editor.i) || 0, 0), data.length - 1);
    const x = data[editor.i];
    leaf.value = key;
    place.hidden = index.hidden = data.length === 1;
    place.max = data.length - 1;
    if (document.activeElement !== place) place.value = editor.i;
    index.textContent = `[${shape.map((n, axis) => Math.floor(editor.i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % n).join(", ")}]`;
    if (Math.abs(x) > Number(slider.max)) fix(2 * Math.abs(x));
    slider.value = x;
    slider.setAttribute("aria-valuetext", short(x));
    if (document.activeElement !== field) field.value = rounded(x);
    editor.listeners.forEach((listener) => listener());
  };
  editor.choose = (key, i) => {
    [editor.key, editor.i] = [key, i];
    fix(Math.max(2, 2 * Math.abs(live.leaf(key).data[Math.min(i, live.leaf(key).data.length - 1)])));
    editor.show();
  };
  editor.set = (x) => live.setNumber(editor.key, editor.i, x);
  editor.choose(editor.key, 0);
  leaf.addEventListener("change", () => { editor.choose(leaf.value, 0); live.listeners.forEach((listener) => listener(true)); });
  place.addEventListener("input", () => { editor.choose(editor.key, Number(place.value)); live.listeners.forEach((listener) => listener(true)); });
  slider.addEventListener("input", () => editor.set(rounded(Number(slider.value))));
  field.addEventListener("input", () => { if (field.value !== "") editor.set(Number(field.value)); });
  field.addEventListener("blur", () => editor.show());
  return editor;
}

// The finite difference beside the gradient; returns what computes it anew.
function addNudge(player, live, editor, panel) {
  const size = named(player, make("select"), "how far");
  for (const power of [1, 2, 3, 4, 5, 6, 7]) size.append(new Option(`h = 1e-${power}`, 10 ** -power, power === 4, power === 4));
  const slope = make("span", { class: "slope" });
  const difference = make("span", { class: "difference" });
  panel.append(make("div", { class: "row nudge" }, slope, label(player, "nudged", size), difference));
  const show = () => {
    const { key, i } = editor;
    const name = live.given.leaves.find(([other]) => other === key)[3];
    const found = live.gradient(key);
    slope.textContent = player.say(found ? "gradient of" : "none of", { x: name, number: found ? short(found.data[i]) : "" });
    const h = Number(size.value);
    difference.textContent = `(f(x + h) − f(x − h)) / 2h = ${short(live.difference(key, i, h))}`;
  };
  size.addEventListener("change", show);
  return show;
}

// Lets the numbers of a leaf be dragged in the drawing, and changed by keys.
function makeDraggable(player, live, [key], editor) {
  const { element } = player.views.get(key);
  const numbers = element.querySelector("g.value");
  element.classList.add("draggable");
  if (live.leaf(key).data.length === 1) element.classList.add("single");
  element.setAttribute("aria-keyshortcuts", "ArrowUp ArrowDown");
  element.setAttribute("aria-describedby", editor.hint.id);
  const elementAt = (target) => Math.max([...(numbers?.children ?? [])].indexOf(target), 0);
  const numberAt = (i) => {
    const view = live.given.views[key];
    if (!view || !view[5]) return i;
    const [offset, , columns, down, across] = view;
    return offset + Math.floor(i / columns) * down + (i % columns) * across;
  };
  const show = () => {
    element.classList.toggle("chosen", editor.key === key);
    if (numbers) [...numbers.children].forEach((text, i) => text.classList.toggle("chosen", editor.key === key && numberAt(i) === editor.i));
  };
  editor.listeners.push(show);
  show();

  let drag = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation(); // the drawing itself stays where it is
    const i = event.target.closest("g.value") ? numberAt(elementAt(event.target)) : editor.key === key ? editor.i : 0;
    editor.choose(key, i);
    drag = { from: event.clientX, x: live.leaf(key).data[editor.i] };
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons) { drag = null; return; }
    const far = event.clientX - drag.from;
    if (Math.abs(far) > 2) editor.set(rounded(drag.x + far * (stepOf(drag.x) / (event.shiftKey ? 20 : 2))));
  });
  for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => { drag = null; });
  element.addEventListener("focus", () => { if (editor.key !== key) { editor.choose(key, 0); live.listeners.forEach((listener) => listener(true)); } });
  element.addEventListener("keydown", (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (/^[-.\d]$/.test(event.key)) { // the number is typed; Enter explains the node
      editor.open();
      editor.field.focus();
      editor.field.select();
      return;
    }
    if (!direction) return;
    const x = live.leaf(key).data[editor.i];
    editor.set(rounded(x + direction * stepOf(x)));
    event.preventDefault();
    event.stopPropagation();
  });
}

// In a notebook: the user's own leaves follow, if that is wanted; and the page follows what Python sets.
function addPython(player, live, model, panel) {
  const follow = make("input", { type: "checkbox" });
  panel.append(label(player, "follow", follow));
  const keys = new Map(live.given.leaves.filter(([, , , , isReal]) => isReal).map(([key, , , name]) => [name, key]));
  const numbers = () => Object.fromEntries([...keys].map(([name, key]) => [name, [...live.leaf(key).data]]));
  let quiet = false;
  const send = () => {
    if (quiet || live.isUntouched || !model.get("follow")) return;
    model.set("leaves", numbers());
    model.save_changes();
  };
  const showFollow = () => { follow.checked = model.get("follow"); };
  const receive = () => {
    const given = Object.entries(model.get("leaves") ?? {}).filter(([name]) => keys.has(name)).map(([name, data]) => [keys.get(name), Float64Array.from(data)]);
    const changes = given.filter(([key, data]) => data.length === live.leaf(key).data.length && data.some((x, i) => x !== live.leaf(key).data[i]));
    quiet = true;
    if (changes.length) live.set(changes);
    quiet = false;
  };
  follow.addEventListener("change", () => { model.set("follow", follow.checked); model.save_changes(); send(); });
  live.listeners.push(send);
  model.on("change:follow", showFollow);
  model.on("change:leaves", receive);
  player.closers.push(() => { model.off("change:follow", showFollow); model.off("change:leaves", receive); });
  showFollow();
  receive();
}
