// Which pixels the windows of a convolution or a pool read, and what comes of them, forwards and backwards.

// What is shown of a convolution or a pool, with the numbers that it has now; live: the numbers of the page, if they
// can be changed.
export function viewOf(recorded, live) {
  if (!live || live.isRecorded) return recorded;
  const { keys } = recorded;
  const [image, kernel, bias] = keys.slice(0, -1).map((key) => live.value(key));
  const gradient = live.gradient(keys.at(-1));
  const view = { ...recorded, image: channelsOf(image), out: channelsOf(live.value(keys.at(-1))) };
  if (recorded.gradient) view.gradient = gradient ? channelsOf(gradient) : null;
  if (kernel) view.weight = kernelsOf(kernel);
  if (bias) view.bias = recorded.bias.map((_, c) => bias.data[bias.data.length === 1 ? 0 : c]);
  return view;
}

// The first image of an array (N, H, W, C), by channel, row and column.
const channelsOf = ({ shape: [, high, wide, channels], data }) => Array.from({ length: channels }, (_, c) =>
  Array.from({ length: high }, (_row, i) => Array.from({ length: wide }, (_number, j) => data[(i * wide + j) * channels + c])));

// A kernel (kH, kW, C, F), by channel of the result, channel, row and column.
function kernelsOf({ shape: [high, wide, channels, filters], data }) {
  const at = (f, c, i, j) => data[((i * wide + j) * channels + c) * filters + f];
  const list = (n, make) => Array.from({ length: n }, (_, i) => make(i));
  return list(filters, (f) => list(channels, (c) => list(high, (i) => list(wide, (j) => at(f, c, i, j)))));
}

// All windows: the channel, row and column of each element of the result.
export function windowsOf(view) {
  return view.out.flatMap((rows, channel) =>
    rows.flatMap((numbers, row) => numbers.map((_, column) => ({ channel, row, column }))));
}

// What a window reads: places in the image (null where it is padding) and in the kernel, with number and weight. Of a
// max pool only the winner has a weight.
export function cellsOf(view, { channel, row, column }) {
  const cells = [];
  const channels = view.kind === "conv" ? view.image.map((_, c) => c) : [channel];
  const [high, wide] = view.kernel;
  for (const c of channels) {
    for (let a = 0; a < high; a += 1) {
      for (let b = 0; b < wide; b += 1) {
        const i = row * view.stride[0] + a * view.dilation[0] - view.padding[0];
        const j = column * view.stride[1] + b * view.dilation[1] - view.padding[1];
        const number = view.image[c][i]?.[j];
        const weight = view.kind === "conv" ? view.weight[channel][c][a][b] : view.kind === "sum" ? 1 : 0;
        const place = number === undefined ? null : [c, i, j];
        cells.push({ place, inKernel: [c, a, b], number: number ?? 0, weight, wins: false });
      }
    }
  }
  if (view.kind === "max") Object.assign(winnerOf(cells.filter((cell) => cell.place)), { wins: true, weight: 1 });
  return cells;
}

// The first of the largest pixels, or the first NaN, as the engine chooses.
const winnerOf = (cells) => cells.find(({ number }) => Number.isNaN(number))
  ?? cells.reduce((best, cell) => (cell.number > best.number ? cell : best));

// An element of the result, computed from its window.
export function resultOf(view, place) {
  const taken = cellsOf(view, place).filter((cell) => cell.weight !== 0 || view.kind !== "max");
  return taken.reduce((sum, { number, weight }) => sum + number * weight, view.bias?.[place.channel] ?? 0);
}

// The gradients of the image and of the kernel after the first windows have sent theirs back.
export function gradientsAfter(view, count) {
  const zeros = (array) => Array.isArray(array) ? array.map(zeros) : 0;
  const [image, weight] = [zeros(view.image), zeros(view.weight ?? [])];
  for (const window of windowsOf(view).slice(0, count)) {
    const g = view.gradient[window.channel][window.row][window.column];
    for (const { place, inKernel: [c, a, b], number, weight: factor } of cellsOf(view, window)) {
      if (place && (view.kind !== "max" || factor)) image[place[0]][place[1]][place[2]] += g * factor;
      if (view.weight) weight[window.channel][c][a][b] += g * number;
    }
  }
  return { image, weight };
}
