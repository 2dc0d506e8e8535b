// All paths from a node to the result, and the products of the local derivatives along them.

// What an edge multiplies a gradient by; 0 wins over infinity, as where a choice takes nothing of a branch.
const times = (factor, rest) => (factor === 0 || rest === 0 ? 0 : factor * rest);

export class Paths {
  // factor: gives the local derivative of an edge as a number.
  constructor(data, factor) {
    this.root = data.root;
    this.factor = factor;
    this.readers = new Map(data.nodes.map((node) => [node.key, []]));
    for (const edge of data.edges) if (edge.flows) this.readers.get(edge.tail).push(edge);
    this.order = data.nodes.map((node) => node.key).reverse(); // each after those that read it
  }

  // Folds from the result back to each node: start is what the result has.
  fold(start, step, join, nothing) {
    const found = new Map();
    for (const key of this.order) {
      const parts = this.readers.get(key).map((edge) => step(edge, found.get(edge.head)));
      found.set(key, key === this.root ? start : parts.reduce(join, nothing));
    }
    return found;
  }

  // How many paths lead from a node to the result.
  count(key) { return this.fold(1n, (edge, there) => there, (a, b) => a + b, 0n).get(key); }

  // The sum of their products, without listing them: it is the gradient.
  sum(key) {
    return this.fold(1, (edge, there) => times(this.factor(edge), there), (a, b) => a + b, 0).get(key);
  }

  product(path) { return path.reduceRight((rest, edge) => times(this.factor(edge), rest), 1); }

  // Whether each of their edges is between numbers and has a local derivative.
  areNumbers(key) { return this.edges(key).every((edge) => edge.number && edge.factor !== ""); }

  // All edges that lie on one of them.
  edges(key) {
    const [seen, found, todo] = [new Set([key]), [], [key]];
    while (todo.length) {
      for (const edge of this.readers.get(todo.pop())) {
        found.push(edge);
        if (!seen.has(edge.head)) todo.push(edge.head);
        seen.add(edge.head);
      }
    }
    return found;
  }

  // The first of them, each a list of edges.
  first(key, most) {
    const found = [];
    const todo = [[key, []]];
    while (todo.length && found.length < most) {
      const [at, path] = todo.pop();
      if (at === this.root) found.push(path);
      else for (const edge of [...this.readers.get(at)].reverse()) todo.push([edge.head, [...path, edge]]);
    }
    return found;
  }
}
