// Sums of products over axes.
import { OPERATIONS, array, broadcastShape, empty, positions, spread, stridesOf } from "./arrays.js";

const total = (numbers) => numbers.reduce((a, b) => a + b, 0);

function matmul(x, y) {
  const left = x.shape.length === 1 ? array([1, ...x.shape], x.data) : x;
  const right = y.shape.length === 1 ? array([...y.shape, 1], y.data) : y;
  const [n, k] = left.shape.slice(-2);
  const m = right.shape.at(-1);
  const batch = broadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const [a, b] = [spread(left, [...batch, n, k]).data, spread(right, [...batch, k, m]).data];
  const result = empty([...batch, ...(x.shape.length > 1 ? [n] : []), ...(y.shape.length > 1 ? [m] : [])]);
  for (let at = 0; at < result.data.length; at += 1) {
    const [group, row, column] = [Math.floor(at / (n * m)), Math.floor(at / m) % n, at % m];
    let total = 0;
    for (let i = 0; i < k; i += 1) total += a[(group * n + row) * k + i] * b[(group * k + i) * m + column];
    result.data[at] = total;
  }
  return result;
}

// Sums of products over named axes; an axis of length 1 is repeated.
function einsum(inputs, subscripts) {
  const [given, wanted] = subscripts.split("->");
  const names = given.split(",");
  const lengths = {};
  names.forEach((axes, k) => [...axes].forEach((name, i) => { lengths[name] = Math.max(lengths[name] ?? 1, inputs[k].shape[i]); }));
  const summed = [...new Set(names.join(""))].filter((name) => !wanted.includes(name));
  const placesOf = (order) => inputs.map((x, k) => {
    const strides = stridesOf(x.shape);
    const step = (name) => total([...names[k]].map((other, i) => (other === name && x.shape[i] > 1 ? strides[i] : 0)));
    return positions(order.map((name) => lengths[name]), order.map(step));
  });
  const [outer, inner] = [placesOf([...wanted]), placesOf(summed)];
  const result = empty([...wanted].map((name) => lengths[name]));
  for (let i = 0; i < result.data.length; i += 1) {
    let total = 0;
    for (let j = 0; j < inner[0].length; j += 1) {
      let product = 1;
      for (let k = 0; k < inputs.length; k += 1) product *= inputs[k].data[outer[k][i] + inner[k][j]];
      total += product;
    }
    result.data[i] = total;
  }
  return result;
}

Object.assign(OPERATIONS, { matmul: ([x, y]) => matmul(x, y), einsum: (xs, { subscripts }) => einsum(xs, subscripts) });
