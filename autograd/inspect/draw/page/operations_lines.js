// Operations along axes: sums, extremes, softmax, normalization.
import { OPERATIONS, array, elementwise, mapped, reduced } from "./arrays.js";
import { ELEMENTS } from "./operations_elements.js";

const sum = (line) => { let total = 0; for (const x of line) total += x; return total; };
const mean = (line) => sum(line) / line.length;
const largest = (line) => line.reduce((a, b) => (a > b || a !== a ? a : b), -Infinity);
const variance = (line, ddof) => { const m = mean(line); return sum(line.map((x) => (x - m) ** 2)) / Math.max(line.length - ddof, 0); };

function sumTo(x, shape) {
  const added = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < added || shape[i - added] !== x.shape[i]);
  return array(shape, axes.length ? reduced(x, axes, false, sum).data : x.data);
}

function layerNorm(x, axes, eps, weight, bias) {
  const last = x.shape.map((_, i) => i).slice(x.shape.length - axes);
  const scaled = mapped(x, last, (line) => { const m = mean(line); const s = Math.sqrt(variance(line, 0) + eps); return line.map((v) => (v - m) / s); });
  return ELEMENTS.add([ELEMENTS.multiply([scaled, weight]), bias]);
}

const batchNorm = elementwise((x, center, scale) => (x - center) * scale);

function logSumExp(line) {
  const high = largest(line);
  return Number.isFinite(high) ? high + Math.log(sum(line.map((x) => Math.exp(x - high)))) : high;
}

function softmax(line) {
  const high = Math.max(largest(line), -Number.MAX_VALUE);
  const shares = line.map((x) => Math.exp(x - high));
  const total = Math.max(sum(shares), 1);
  return shares.map((x) => x / total);
}

function logSoftmax(line) {
  const high = Math.max(largest(line), -Number.MAX_VALUE);
  const total = Math.max(sum(line.map((x) => Math.exp(x - high))), 1);
  return line.map((x) => x - high - Math.log(total));
}

function running(x, axis, combine) {
  const flat = axis === null ? array([x.data.length], x.data) : x;
  return mapped(flat, axis ?? 0, (line) => { for (let i = 1; i < line.length; i += 1) line[i] = combine(line[i - 1], line[i]); return line; });
}

function recurrence(x, factor) {
  const result = array(x.shape, Float64Array.from(x.data));
  const n = x.shape.at(-1);
  result.data.forEach((_, i) => { if (i % n) result.data[i] += factor.data[i] * result.data[i - 1]; });
  return result;
}

const order = (line) => Float64Array.from([...line.keys()].sort((i, j) => line[i] - line[j] || i - j));
const firstOf = (reduce) => ([x], { axis, keepdims = false }) => reduced(x, axis, keepdims, reduce);

Object.assign(OPERATIONS, {
  sum_to: ([x], { shape }) => sumTo(x, shape),
  sum: firstOf(sum), mean: firstOf(mean), prod: firstOf((line) => line.reduce((a, b) => a * b, 1)), max: firstOf(largest),
  min: firstOf((line) => line.reduce((a, b) => (a < b || a !== a ? a : b), Infinity)), logsumexp: firstOf(logSumExp),
  var: ([x], { axis, ddof, keepdims }) => reduced(x, axis, keepdims, (line) => variance(line, ddof)),
  std: ([x], { axis, ddof, keepdims }) => reduced(x, axis, keepdims, (line) => (line.every((v) => v === line[0]) ? 0 : Math.sqrt(variance(line, ddof)))),
  cumsum: ([x], { axis }) => running(x, axis, (a, b) => a + b), cumprod: ([x], { axis }) => running(x, axis, (a, b) => a * b),
  recurrence: ([x, factor]) => recurrence(x, factor),
  softmax: ([x], { axis }) => mapped(x, axis, softmax), log_softmax: ([x], { axis }) => mapped(x, axis, logSoftmax),
  stable_order: ([x, axis]) => mapped(x, axis, order),
  layer_norm: ([x, weight, bias], { axes, eps }) => layerNorm(x, axes, eps, weight, bias),
  batch_norm: ([x, weight, bias], { eps, moments: [center, spreads] }) => {
    const scale = elementwise((v, w) => w / Math.sqrt(v + eps))(spreads, weight);
    return ELEMENTS.add([batchNorm(x, center, scale), bias]);
  },
});
