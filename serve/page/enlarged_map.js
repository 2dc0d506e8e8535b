// One feature map of a layer, large, in a dialog; arrow keys go to the others.
import { mix, rgb } from "./colours.js";

const dialog = document.getElementById("enlarged");
const canvas = dialog.querySelector("canvas");
let shown = null; // { place: of the layer, title, map: its number }
let unpacked = () => null; // returns the maps of the layer at a place

export function gapOf(width) {
  return Math.max(1, Math.round(width / 8));
}

// Paints a map at a place of a canvas, a pixel for each number. All maps of a layer have the same scale.
export function drawMap(context, { shape, low, high, values }, map, x, y) {
  const [height, width] = shape.length === 3 ? shape : [1, 1];
  const pixels = context.createImageData(width, height);
  const [none, pro, contra] = ["--track", "--for", "--against"].map(rgb);
  const largest = Math.max(-low, high) || 1;
  for (let i = 0; i < width * height; i++) {
    const value = values[map * width * height + i] / largest;
    pixels.data.set([...mix(none, value > 0 ? pro : contra, Math.abs(value)), 255], 4 * i);
  }
  context.putImageData(pixels, x, y);
}

// Which map of a canvas with tiles was clicked; null between them.
export function mapAt(tiles, event, [height, width, count], inARow) {
  const box = tiles.getBoundingClientRect();
  const gap = gapOf(width);
  const columns = Math.min(count, inARow);
  const x = ((event.clientX - box.left) / box.width) * tiles.width;
  const y = ((event.clientY - box.top) / box.height) * tiles.height;
  const map = Math.floor(y / (height + gap)) * columns + Math.floor(x / (width + gap));
  return x % (width + gap) < width && y % (height + gap) < height && map < count ? map : null;
}

export function enlarge(place, title, map) {
  shown = { place, title, map };
  draw();
  dialog.showModal();
}

// The dialog stays open while the drawing changes.
export function keepEnlarged(find) {
  unpacked = find;
  if (dialog.open) draw();
}

function draw() {
  const maps = unpacked(shown.place);
  if (!maps || maps.shape.length !== 3) return dialog.close();
  const [height, width, count] = maps.shape;
  shown.map = (shown.map + count) % count;
  [canvas.width, canvas.height] = [width, height];
  drawMap(canvas.getContext("2d"), maps, shown.map, 0, 0);
  const own = maps.values.slice(shown.map * width * height, (shown.map + 1) * width * height);
  const range = `from ${Math.min(...own).toPrecision(3)} to ${Math.max(...own).toPrecision(3)}`;
  const title = `${shown.title}, map ${shown.map + 1} of ${count}`;
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = `${height} × ${width}, ${range}`;
  canvas.setAttribute("aria-label", `${title}: ${range}`);
}

function go(by) {
  shown.map += by;
  draw();
}

document.getElementById("previous").addEventListener("click", () => go(-1));
document.getElementById("next").addEventListener("click", () => go(1));
document.getElementById("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight") go(1);
  else if (event.key === "ArrowLeft") go(-1);
  else return;
  event.preventDefault();
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // beside its content
