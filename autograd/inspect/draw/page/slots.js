// How arrays are written, and texts whose numbers are filled in: as slots.py and readable.py of Python do.
import { short, written } from "./numbers.js";

const exact = (x) => (Object.is(x, -0) ? "-0.0" : written(x, 0, 16));
const withCommas = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const tuple = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

// The numbers of an array in nested brackets.
export function nested({ shape, data }, write, from = 0, axis = 0) {
  if (axis === shape.length) return write(data[from]);
  const step = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const parts = [];
  for (let i = 0; i < shape[axis]; i += 1) parts.push(nested({ shape, data }, write, from + i * step, axis + 1));
  return `[${parts.join(", ")}]`;
}

export const inFull = (x) => (x.data.length <= 64 ? nested(x, exact) : "");
export const small = (x) => {
  if (x.data.length === 1) return short(x.data[0]);
  return x.data.length && x.data.length <= 6 ? nested(x, (v) => short(v, 4)) : `array of shape ${tuple(x.shape)}`;
};

// Lines with the extremes of an array, and with how many of its numbers are not finite.
export function extremes({ data }) {
  if (!data.length) return ["empty"];
  const finite = data.filter(Number.isFinite);
  const lines = [];
  if (finite.length) {
    const [low, high] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))].map((x) => short(x, 3));
    lines.push(low === high ? `all ${low}` : `${low} … ${high}`);
  }
  if (finite.length < data.length) lines.push(`${withCommas(data.length - finite.length)} not finite`);
  return lines;
}

function range({ data }) {
  if (!data.length) return "empty";
  const [low, high] = [data.reduce((a, b) => (a < b || a !== a ? a : b)), data.reduce((a, b) => (a > b || a !== a ? a : b))];
  return low === high || low !== low ? short(low) : `${short(low, 3)} … ${short(high, 3)}`;
}

const FORMS = {
  small, range, short: (x) => short(x.data[0]), full: inFull,
  number: (x) => (x.data.length > 1 ? small(x) : short(x.data[0]).replace(/\.0$/, "")),
  count: (x) => withCommas(x.data.filter((v) => v !== 0).length),
};

const SLOT = /\uFDD0(\w+) (\w+)([^\uFDD1]*)\uFDD1/g;
const CHOICE = /\uFDD5(\w+)\uFDD6([^\uFDD7]*)\uFDD7/g;
const CHAIN = /\uFDD3([^\uFDD4]*)\uFDD4/g;
const RECORDED = /\uFDD8([^\uFDD9]*)\uFDD9/g;

function marked(text, marks) {
  return [...marks].reduce((so, mark) => {
    const closed = so.startsWith("-") ? `(${so})` : so;
    if (mark === "-") return `-${closed}`;
    return mark === "[" && so.slice(1).includes("-") && !so.startsWith("[") ? `(${so})` : closed;
  }, text);
}

// A text with numbers in its slots; arrayAt gives an array by its source.
export function filled(text, arrayAt, isRecorded) {
  return text
    .replace(RECORDED, (_, inside) => (isRecorded ? inside : ""))
    .replace(CHOICE, (_, source, texts) => {
      const { data } = arrayAt(source);
      return texts.split("\uFDD6")[[0, 0.5, 1].findIndex((factor) => data.every((x) => x === factor))] ?? "";
    })
    .replace(SLOT, (_, source, form, marks) => marked(FORMS[form](arrayAt(source)), marks))
    .replace(CHAIN, (_, inside) => inside.split("\uFDD2").filter((part, i, all) => part && part !== all.slice(0, i).filter(Boolean).at(-1)).join(" = "));
}
