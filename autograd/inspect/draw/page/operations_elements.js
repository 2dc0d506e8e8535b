// Operations that act on each element by itself.
import { OPERATIONS, array, elementwise, number } from "./arrays.js";

export const tableOf = (computations) => Object.fromEntries(Object.entries(computations).map(([name, compute]) => {
  const apply = elementwise(compute);
  return [name, (inputs) => apply(...inputs)];
}));

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const rint = (x) => { const y = Math.round(x); return y - x === 0.5 && y % 2 ? y - 1 : y; };
const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x));
const max = (x, y) => (x !== x ? x : y > x || y !== y ? y : x);
const min = (x, y) => (x !== x ? x : y < x || y !== y ? y : x);
const logaddexp = (x, y) => (x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y))));
const power = (x, y) => (y === 0 || x === 1 ? 1 : x === -1 && Math.abs(y) === Infinity ? 1 : x ** y); // as C has it
const remainder = (x, y) => { const r = x % y; return r !== 0 && r < 0 !== y < 0 ? r + y : r; };
const ratio = (x, y) => (y === 0 ? (x === 0 ? 0 : NaN) : x / y);
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const ELEMENTWISE = {
  add: (x, y) => x + y, subtract: (x, y) => x - y, multiply: (x, y) => x * y, divide: (x, y) => x / y, negative: (x) => -x,
  positive: (x) => x, ratio, reciprocal: (x) => 1 / x, square: (x) => x * x, power, absolute: Math.abs, sign: Math.sign, conj: (x) => x,
  remainder, fmod: (x, y) => x % y, floor_divide: (x, y) => Math.floor(x / y), copysign,
  heaviside: (x, y) => (x < 0 ? 0 : x > 0 ? 1 : x === 0 ? y : x), floor: Math.floor, ceil: Math.ceil, rint, trunc: Math.trunc,
  exp: Math.exp, exp2: (x) => 2 ** x, expm1: Math.expm1, log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p,
  logaddexp, logaddexp2: (x, y) => logaddexp(x * Math.LN2, y * Math.LN2) / Math.LN2, sqrt: Math.sqrt, cbrt: Math.cbrt, hypot: (x, y) => Math.hypot(x, y),
  sin: Math.sin, cos: Math.cos, tan: Math.tan, arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan, arctan2: Math.atan2,
  sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, arcsinh: Math.asinh, arccosh: Math.acosh, arctanh: Math.atanh, sinc,
  deg2rad: (x) => x * (Math.PI / 180), rad2deg: (x) => x * (180 / Math.PI), maximum: max, minimum: min,
  fmax: (x, y) => (x !== x ? y : y !== y ? x : Math.max(x, y)), fmin: (x, y) => (x !== x ? y : y !== y ? x : Math.min(x, y)),
  at_least: max, at_most: min, relu: (x) => (x <= 0 ? 0 : x), sigmoid, softplus, silu: (x) => x * sigmoid(x), identity: (x) => x,
};

const TRUTHS = {
  less: (x, y) => x < y, less_equal: (x, y) => x <= y, greater: (x, y) => x > y, greater_equal: (x, y) => x >= y,
  equal: (x, y) => x === y, not_equal: (x, y) => x !== y, bitwise_and: (x, y) => x && y, bitwise_or: (x, y) => x || y,
};

const choose = elementwise((condition, x, y) => (condition ? x : y));
const same = ([x]) => x;
const all = (test) => ([x]) => number(Number(x.data.every(test)));

export const ELEMENTS = {
  ...tableOf(ELEMENTWISE),
  ...tableOf(Object.fromEntries(Object.entries(TRUTHS).map(([name, compute]) => [name, (x, y) => Number(compute(x, y))]))),
  where: ([x, y], { condition }) => choose(condition, x, y),
  astype: ([x], { dtype }) => (/int/.test(dtype) ? array(x.shape, x.data.map(Math.trunc)) : x),
  float: same, asarray: same, to_value: ([x]) => array([], x.data),
  is_short: ([x]) => number(Number(!x.data.every((v) => v > 1e-100))),
  divides: all((x) => Math.abs(x) > 2.3e-308 && Math.abs(x) < Infinity),
};
Object.assign(OPERATIONS, ELEMENTS);
