// The program of a page: all values and gradients of a graph, computed anew from its leaves.
import { OPERATIONS, array, sizeOf } from "./arrays.js";

// An array as Python has written it.
export function decoded(given) {
  if (typeof given === "number") return array([], Float64Array.of(given));
  const { shape, data, fill, bytes, single, bool } = given;
  if (fill !== undefined) return { ...array(shape, new Float64Array(sizeOf(shape)).fill(fill)), single };
  if (!bytes) return { ...array(shape, Float64Array.from(data)), single, bool };
  const buffer = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer;
  return { ...array(shape, Float64Array.from(single ? new Float32Array(buffer) : new Float64Array(buffer))), single };
}

export class Program {
  // code: what page_code() of Python returns.
  constructor(code) {
    this.code = code;
    this.values = [];
    for (const [place, data] of code.constants) this.values[place] = decoded(data);
    this.leaves = new Map(code.leaves.map(([key, place, data]) => [key, { place, recorded: decoded(data) }]));
    this.gradients = Object.keys(code.places).filter((source) => source.startsWith("a")).map((source) => code.places[source]);
    this.reset();
  }

  // Puts the recorded numbers back.
  reset() {
    for (const { place, recorded } of this.leaves.values()) this.values[place] = recorded;
    this.run();
  }

  get isRecorded() { return [...this.leaves.values()].every(({ place, recorded }) => this.values[place] === recorded); }

  leaf(key) { return this.values[this.leaves.get(key).place]; }

  // Computes with other data of leaves, by their keys. If the engine's rules would go other ways for them, nothing is
  // changed; returns whether it is.
  set(changes) {
    const before = [...this.values];
    for (const [key, data] of changes) {
      const { place, recorded } = this.leaves.get(key);
      const { shape, single } = recorded;
      const next = { shape, single, data: single ? data.map(Math.fround) : data };
      this.values[place] = next.data.every((x, i) => Object.is(x, recorded.data[i])) ? recorded : next;
    }
    if (this.run()) return true;
    this.values = before;
    return false;
  }

  run() {
    for (const [name, inputs, params, results, single] of this.code.code) {
      const found = OPERATIONS[name](this.resolved(inputs), this.resolved(params));
      (results.length > 1 ? found : [found]).forEach((x, i) => {
        this.values[results[i]] = single ? array(x.shape, x.data.map(Math.fround)) : x;
      });
    }
    const holds = this.code.conditions.every(([place, answer]) => this.values[place].data[0] === answer);
    return holds && (!this.code.chooses || this.gradients.every((place) => this.values[place].data.every(Number.isFinite)));
  }

  // Arguments with arrays in the place of variables.
  resolved(x) {
    if (x === null || typeof x !== "object") return x;
    if (Array.isArray(x)) return x.map((part) => this.resolved(part));
    if ("variable" in x) return this.values[x.variable];
    if ("number" in x) return Number(x.number.replace("inf", "Infinity"));
    if ("slice" in x || "rest" in x) return x;
    return Object.fromEntries(Object.entries(x).map(([key, part]) => [key, this.resolved(part)]));
  }

  // The array of a source, such as "v3", the value of node n3.
  at(source) { return this.values[this.code.places[source]]; }
}
