// Arrays in C order: a shape and its numbers. Most of what is done with them is reading at computed places.

// What operations compute, by their names: of the inputs, and the parameters by name. The modules of operations that a
// page needs fill it.
export const OPERATIONS = {};

export const array = (shape, data) => ({ shape, data });
export const number = (x) => array([], Float64Array.of(x));
export const sizeOf = (shape) => shape.reduce((n, m) => n * m, 1);
export const empty = (shape) => array(shape, new Float64Array(sizeOf(shape)));
export const modulo = (i, n) => (i < 0 ? i + n : i);

export function stridesOf(shape) {
  const strides = new Array(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i], i -= 1) strides[i] = step;
  return strides;
}

// Where the elements of an array of a shape stand in memory with other strides.
export function positions(shape, strides, offset = 0) {
  let found = Int32Array.of(offset);
  shape.forEach((n, axis) => {
    const next = new Int32Array(found.length * n);
    for (let i = 0, k = 0; i < found.length; i += 1) for (let j = 0; j < n; j += 1, k += 1) next[k] = found[i] + j * strides[axis];
    found = next;
  });
  return found;
}

export function gather(x, places, shape) {
  const data = new Float64Array(places.length);
  for (let i = 0; i < data.length; i += 1) data[i] = x.data[places[i]];
  return array(shape, data);
}

export function broadcastShape(...shapes) {
  const result = [];
  for (const shape of shapes) {
    for (let i = 1; i <= shape.length; i += 1) {
      const n = shape[shape.length - i];
      if (n !== 1 || !(i in result)) result[i] = n;
    }
  }
  return result.slice(1).reverse();
}

const sameShape = (a, b) => a.length === b.length && a.every((n, i) => n === b[i]);

export function spread(x, shape) {
  if (sameShape(x.shape, shape)) return x;
  const added = shape.length - x.shape.length;
  const strides = stridesOf(x.shape).map((step, i) => (x.shape[i] === 1 ? 0 : step));
  return gather(x, positions(shape, [...new Array(added).fill(0), ...strides]), shape);
}

export function elementwise(compute) {
  return (...given) => {
    const inputs = given.map((x) => (x.data ? x : number(x)));
    const shape = inputs.length === 1 ? inputs[0].shape : broadcastShape(...inputs.map((x) => x.shape));
    const [a, b, c] = inputs.map((x) => spread(x, shape).data);
    const result = empty(shape);
    for (let i = 0; i < result.data.length; i += 1) result.data[i] = compute(a[i], b?.[i], c?.[i]);
    return result;
  };
}

export function transposed(x, axes = x.shape.map((_, i) => x.shape.length - 1 - i)) {
  const strides = stridesOf(x.shape);
  const order = axes.map((i) => modulo(i, axes.length));
  const shape = order.map((i) => x.shape[i]);
  return gather(x, positions(shape, order.map((i) => strides[i])), shape);
}

export function axesOf(axis, ndim) {
  if (axis === null || axis === undefined || !ndim) return [...new Array(ndim).keys()];
  return [axis].flat().map((i) => modulo(i, ndim));
}

// The lines of an array along some axes: as rows of a matrix, with what puts a matrix of them back.
function lines(x, axis) {
  const axes = axesOf(axis, x.shape.length);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const strides = stridesOf(x.shape);
  const order = [...kept, ...axes];
  const places = positions(order.map((i) => x.shape[i]), order.map((i) => strides[i]));
  return { axes, kept, places, length: sizeOf(axes.map((i) => x.shape[i])) };
}

// Makes one number of each line.
export function reduced(x, axis, keepdims, compute) {
  const { axes, kept, places, length } = lines(x, axis);
  const shape = keepdims ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : kept.map((i) => x.shape[i]);
  const result = empty(shape);
  for (let i = 0; i < result.data.length; i += 1) {
    const line = new Float64Array(length);
    for (let j = 0; j < length; j += 1) line[j] = x.data[places[i * length + j]];
    result.data[i] = compute(line);
  }
  return result;
}

// Makes another line of each line.
export function mapped(x, axis, compute) {
  const { places, length } = lines(x, axis);
  const result = empty(x.shape);
  for (let i = 0; i < places.length; i += length) {
    compute(Float64Array.from(places.subarray(i, i + length), (k) => x.data[k])).forEach((y, j) => { result.data[places[i + j]] = y; });
  }
  return result;
}
