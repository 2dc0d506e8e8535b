// Numbers in few characters, and the numbers in a text.

// A number with some significant digits, or all, with an exponent where it is small or large.
export function written(x, digits, largest) {
  if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return "0.0";
  const [mantissa, power] = (digits ? x.toExponential(digits - 1) : x.toExponential()).split("e");
  const exponent = Number(power);
  const shortest = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  if (exponent < -4 || exponent >= largest) {
    return `${shortest}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = digits ? x.toFixed(Math.max(digits - 1 - exponent, 0)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : String(x);
  return text.includes(".") ? text : `${text}.0`;
}

export const short = (x, digits = 6) => written(x, digits, digits);

export const closed = (text) => (text.startsWith("-") ? `(${text})` : text);

const NAMES = { inf: Infinity, "-inf": -Infinity, nan: NaN };
export const toNumber = (text) => (text in NAMES ? NAMES[text] : Number(text));

// All numbers of a text such as "2.0" or "[[1.0, nan]]" with their places; none if they are not real.
export function numbersIn(text) {
  let data;
  try {
    data = JSON.parse(text.replace(/-?(inf|nan)\b/g, '"$&"'));
  } catch { return []; }
  const found = [];
  const collect = (x, place) => {
    if (Array.isArray(x)) x.forEach((part, i) => collect(part, [...place, i]));
    else found.push({ number: toNumber(String(x)), place: place.length ? `[${place.join(", ")}]` : "" });
  };
  collect(data, []);
  return found;
}
