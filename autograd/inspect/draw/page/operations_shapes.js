// Operations that move elements: shapes, indices, parts.
import { OPERATIONS, array, axesOf, broadcastShape, empty, gather, modulo, number, positions, sizeOf, spread, stridesOf, transposed } from "./arrays.js";

const total = (numbers) => numbers.reduce((a, b) => a + b, 0);
const remainder = (x, y) => { const r = x % y; return r !== 0 && r < 0 !== y < 0 ? r + y : r; };

function reshape(x, shape) {
  const wanted = [shape].flat();
  const known = wanted.reduce((n, m) => (m < 0 ? n : n * m), 1);
  return array(wanted.map((n) => (n < 0 ? x.data.length / known : n)), x.data);
}

function expandDims(x, axis) {
  const axes = axesOf(axis, x.shape.length + [axis].flat().length);
  const left = [...x.shape];
  return array(new Array(x.shape.length + axes.length).fill(1).map((_, i) => (axes.includes(i) ? 1 : left.shift())), x.data);
}

function squeeze(x, axis) {
  const axes = axis === null ? null : axesOf(axis, x.shape.length);
  return array(x.shape.filter((n, i) => (axes ? !axes.includes(i) : n !== 1)), x.data);
}

function flip(x, axis) {
  const axes = axesOf(axis, x.shape.length);
  const strides = stridesOf(x.shape);
  const offset = axes.reduce((total, i) => total + (x.shape[i] - 1) * strides[i], 0);
  return gather(x, positions(x.shape, strides.map((step, i) => (axes.includes(i) ? -step : step)), offset), x.shape);
}

function roll(x, shift, axis) {
  if (axis === null) return array(x.shape, roll(array([x.data.length], x.data), total([shift].flat()), 0).data);
  const shifts = [shift].flat();
  return axesOf(axis, x.shape.length).reduce((y, i, k) => {
    const n = y.shape[i];
    const index = [...new Array(i).fill({ slice: [null, null, null] }), array([n], Float64Array.from({ length: n }, (_, j) => remainder(j - (shifts[k] ?? shifts[0]), n)))];
    return getitem(y, index);
  }, x);
}

function rot90(x, k, axes) {
  const [a, b] = axesOf(axes, x.shape.length);
  const order = x.shape.map((_, i) => (i === a ? b : i === b ? a : i));
  const turns = remainder(k, 4);
  if (turns === 2) return flip(x, [a, b]);
  return turns === 0 ? x : turns === 1 ? transposed(flip(x, b), order) : flip(transposed(x, order), b);
}

function triangle(given, keeps) {
  const x = given.shape.length > 1 ? given : spread(given, [given.data.length, given.data.length]);
  const [rows, columns] = x.shape.slice(-2);
  return array(x.shape, x.data.map((v, i) => (keeps((i % columns) - (Math.floor(i / columns) % rows)) ? v : 0)));
}

function concatenate(parts, axis) {
  const [along] = axesOf(axis, parts[0].shape.length);
  const result = empty(parts[0].shape.map((n, i) => (i === along ? total(parts.map((x) => x.shape[i])) : n)));
  const strides = stridesOf(result.shape);
  let offset = 0;
  for (const x of parts) {
    positions(x.shape, strides, offset).forEach((place, i) => { result.data[place] = x.data[i]; });
    offset += x.shape[along] * strides[along];
  }
  return result;
}

function padded(x, widths, value = 0) {
  const result = empty(x.shape.map((n, i) => n + widths[i][0] + widths[i][1]));
  result.data.fill(value);
  const strides = stridesOf(result.shape);
  const offset = total(strides.map((step, i) => step * widths[i][0]));
  positions(x.shape, strides, offset).forEach((place, i) => { result.data[place] = x.data[i]; });
  return result;
}

function getitem(x, index) {
  const { shape, places } = selected(x.shape, index);
  return gather(x, places, shape);
}

function scatterAdd(x, index, shape) {
  const result = empty(shape);
  selected(shape, index).places.forEach((place, i) => { result.data[place] += x.data[i]; });
  return result;
}

function setitem(x, value, index) {
  const { shape, places } = selected(x.shape, index);
  const result = array(x.shape, Float64Array.from(x.data));
  const extra = value.shape.length - shape.length; // leading axes of length 1 are ignored
  const values = spread(extra > 0 ? array(value.shape.slice(extra), value.data) : value, shape).data;
  places.forEach((place, i) => { result.data[place] = values[i]; });
  return result;
}

// ---------------------------------------------------------------------------------------------- indices

const isArray = (part) => part?.data !== undefined;

// What an index selects: the shape of the selection, and where its elements stand.
function selected(shape, index) {
  const parts = partsOf(shape, index);
  const strides = stridesOf(shape);
  const chosen = parts.filter(isArray);
  const common = broadcastShape(...chosen.map((part) => part.shape));
  const basic = { shape: [], strides: [], offset: 0 };
  let before = 0; // how many plain axes stand before those of the arrays
  let places = new Int32Array(sizeOf(common));
  let axis = 0;
  let last = -1;
  let apart = false;
  parts.forEach((part, i) => {
    if (part === null) { basic.shape.push(1); basic.strides.push(0); return; }
    const n = shape[axis];
    const step = strides[axis];
    axis += 1;
    if (typeof part === "number") part = chosen.length ? number(part) : part;
    if (typeof part === "number") basic.offset += modulo(part, n) * step;
    else if (isArray(part)) {
      if (last < 0) before = basic.shape.length;
      apart = apart || (last >= 0 && i > last + 1);
      last = i;
      const indices = spread(part, common).data;
      places = places.map((place, k) => place + modulo(indices[k], n) * step);
    } else {
      const [start, count, by] = sliceOf(part.slice, n);
      basic.offset += start * step;
      basic.shape.push(count);
      basic.strides.push(by * step);
    }
  });
  if (!chosen.length) return { shape: basic.shape, places: positions(basic.shape, basic.strides, basic.offset) };
  if (apart) before = 0;
  const outer = positions(basic.shape.slice(0, before), basic.strides.slice(0, before), basic.offset);
  const inner = positions(basic.shape.slice(before), basic.strides.slice(before));
  const found = new Int32Array(outer.length * places.length * inner.length);
  let k = 0;
  for (const a of outer) for (const b of places) for (const c of inner) { found[k] = a + b + c; k += 1; }
  return { shape: [...basic.shape.slice(0, before), ...common, ...basic.shape.slice(before)], places: found };
}

// The parts of an index, one for each axis or new axis, with integers in the place of booleans.
function partsOf(shape, index) {
  const given = Array.isArray(index) ? index : [index];
  const axes = (part) => (part === null || part.rest ? 0 : part.bool ? part.shape.length : 1);
  const used = given.reduce((n, part) => n + axes(part), 0);
  const rest = new Array(shape.length - used).fill({ slice: [null, null, null] });
  const whole = given.some((part) => part?.rest) ? given : [...given, { rest: 1 }];
  return whole.flatMap((part) => (part?.rest ? rest : part?.bool ? nonzero(part) : [part]));
}

function nonzero(mask) {
  const true_ = [...mask.data.keys()].filter((i) => mask.data[i]);
  return stridesOf(mask.shape).map((step, axis) => array([true_.length], Float64Array.from(true_, (i) => Math.floor(i / step) % mask.shape[axis])));
}

function sliceOf([start, stop, step], n) {
  const by = step ?? 1;
  const bound = (end, other) => (end === null ? other : Math.min(Math.max(end < 0 ? end + n : end, by > 0 ? 0 : -1), by > 0 ? n : n - 1));
  const first = bound(start, by > 0 ? 0 : n - 1);
  return [first, Math.max(0, Math.ceil((bound(stop, by > 0 ? n : -1) - first) / by)), by];
}

Object.assign(OPERATIONS, {
  broadcast_to: ([x], { shape }) => spread(x, [shape].flat()), reshape: ([x], { shape }) => reshape(x, shape),
  transpose: ([x], { axes }) => transposed(x, axes ?? undefined), expand_dims: ([x], { axis }) => expandDims(x, axis),
  squeeze: ([x], { axis }) => squeeze(x, axis), flip: ([x], { axis }) => flip(x, axis), roll: ([x], { shift, axis }) => roll(x, shift, axis),
  rot90: ([x], { k, axes }) => rot90(x, k, axes), tril: ([x], { k }) => triangle(x, (d) => d <= k), triu: ([x], { k }) => triangle(x, (d) => d >= k),
  concatenate: (xs, { axis }) => concatenate(xs, axis),
  stack: (xs, { axis }) => concatenate(xs.map((x) => expandDims(x, axis)), axesOf(axis, xs[0].shape.length + 1)[0]),
  pad: ([x], { widths, value }) => padded(x, widths, value), getitem: ([x], { index }) => getitem(x, index),
  scatter_add: ([x], { index, shape }) => scatterAdd(x, index, shape), setitem: ([x, value], { index }) => setitem(x, value, index),
});
