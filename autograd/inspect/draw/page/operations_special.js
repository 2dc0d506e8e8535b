// The error function, and slopes of powers at their limits.
import { OPERATIONS, elementwise } from "./arrays.js";
import { tableOf } from "./operations_elements.js";

const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x));
const power = (x, y) => (y === 0 || x === 1 ? 1 : x === -1 && Math.abs(y) === Infinity ? 1 : x ** y); // as C has it

// The coefficients of W. J. Cody, Mathematics of Computation 23 (1969), highest power first.
const NEAR = [[1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3],
  [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3]];
const MIDDLE = [[2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
  8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3],
[1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
  4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3]];
const FAR = [[1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2,
  6.58749161529837803e-4], [1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3]];
const polynomial = (coefficients, x) => coefficients.reduce((total, c) => total * x + c, 0);
const quotient = ([above, below], x) => polynomial(above, x) / polynomial(below, x);

// 1 - erf(a) of a number that is not negative.
function erfc(a) {
  if (a <= 0.46875) return 1 - a * quotient(NEAR, a * a);
  const t = 1 / (a * a);
  return Math.exp(-a * a) * (a <= 4 ? quotient(MIDDLE, a) : (1 / Math.sqrt(Math.PI) - t * quotient(FAR, t)) / a);
}

function erf(x) {
  const a = Math.abs(x);
  return a <= 0.46875 ? x * quotient(NEAR, x * x) : copysign(1 - erfc(a), x);
}

// x ** y, differentiated k times by x and m times by y, as its limit at 0 and infinity.
function powerSlope(x, y, k, m) {
  if (k === 0 && m === 1 && x === 0 && y === 0) return 0;
  let total = 0;
  for (let i = 0, binomial = 1; i <= m; binomial *= (m - i) / (i + 1), i += 1) {
    const factor = binomial * fallingFactorial(y, k, i);
    const result = power(x, y - k);
    if (factor !== 0) total += factor * (m > i && result !== 0 ? result * Math.log(x) ** (m - i) : result);
  }
  return total;
}

// The m-th derivative of y (y - 1) ... (y - k + 1).
function fallingFactorial(y, k, m) {
  let coefficients = [1]; // lowest power first
  for (let root = 0; root < k; root += 1) coefficients = [0, ...coefficients].map((c, i) => c - root * (coefficients[i] ?? 0));
  for (let i = 0; i < m; i += 1) coefficients = coefficients.map((c, j) => c * j).slice(1);
  return polynomial(coefficients.reverse(), y);
}

Object.assign(OPERATIONS, {
  ...tableOf({ erf, gelu: (x) => { const a = Math.min(Math.abs(x), 40); return Math.max(x, 0) - a * 0.5 * erfc(a / Math.SQRT2); } }),
  power_slope: ([x, y], { k, m }) => elementwise((a, b) => powerSlope(a, b, k, m))(x, y),
});
