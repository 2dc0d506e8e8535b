// Unpacks what Python's zlib has packed (RFC 1951). The browser's own way to do so would not be done when the page is.
function inflate(packed, size) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const out = new Uint8Array(size);
  let [at, bit, end] = [0, 0, 0];

  const bits = (n) => {
    let value = 0;
    for (let i = 0; i < n; i += 1) {
      value |= ((bytes[at] >> bit) & 1) << i;
      bit += 1;
      if (bit === 8) [bit, at] = [0, at + 1];
    }
    return value;
  };

  // A code by the lengths of its words: how many words of each length there are, and the symbols in their order.
  const codeOf = (lengths) => {
    const counts = new Array(16).fill(0);
    for (const length of lengths) if (length) counts[length] += 1;
    const symbols = [...lengths.keys()].filter((i) => lengths[i]).sort((i, j) => lengths[i] - lengths[j] || i - j);
    return { counts, symbols };
  };

  const symbol = ({ counts, symbols }) => {
    for (let length = 1, code = 0, first = 0, index = 0; ; length += 1) {
      code |= bits(1);
      const count = counts[length];
      if (code - first < count) return symbols[index + code - first];
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
  };

  // The lengths of copies, and how far back they are: each has a smallest one, and further bits.
  const ranges = (count, growth, start) => {
    const found = [];
    for (let i = 0, smallest = start; i < count; i += 1) {
      const extra = Math.max(Math.floor(i / growth) - 1, 0);
      found.push([smallest, extra]);
      smallest += 2 ** extra;
    }
    return found;
  };
  const copied = [...ranges(28, 4, 3), [258, 0]];
  const back = ranges(30, 2, 1);

  const dynamic = () => {
    const [literals, distances, given] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const lengths = new Array(19).fill(0);
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].slice(0, given).forEach((i) => { lengths[i] = bits(3); });
    const code = codeOf(lengths);
    const all = [];
    while (all.length < literals + distances) {
      const next = symbol(code);
      if (next < 16) all.push(next);
      else if (next === 16) all.push(...new Array(bits(2) + 3).fill(all.at(-1)));
      else all.push(...new Array(next === 17 ? bits(3) + 3 : bits(7) + 11).fill(0));
    }
    return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals))];
  };
  const fixed = () => [
    codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), codeOf(new Array(30).fill(5))];

  for (let isLast = false; !isLast;) {
    isLast = bits(1) === 1;
    const kind = bits(2);
    if (kind === 0) {
      if (bit) [bit, at] = [0, at + 1];
      const length = bytes[at] + 256 * bytes[at + 1];
      out.set(bytes.subarray(at + 4, at + 4 + length), end);
      [at, end] = [at + 4 + length, end + length];
      continue;
    }
    const [literal, distance] = kind === 1 ? fixed() : dynamic();
    for (let next = symbol(literal); next !== 256; next = symbol(literal)) {
      if (next < 256) {
        out[end] = next;
        end += 1;
        continue;
      }
      const [length, more] = copied[next - 257];
      const stop = end + length + bits(more);
      const [near, further] = back[symbol(distance)];
      const from = near + bits(further);
      for (; end < stop; end += 1) out[end] = out[end - from];
    }
  }
  return new TextDecoder().decode(out);
}
