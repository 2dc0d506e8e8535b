// From a drawing to the image that the network was trained on, as data.prepare_digit of Python does it: the digit fits a
// box of 20 by 20 pixels, and its centre of mass is in the middle of 28 by 28. The drawing is white on black and its pen
// is never too thin, so there is less to do than for a photograph.

const SIDE = 28;
const BOX = 20;
const MIDDLE = 14.5;
const FAINT = 0.15; // less ink than this is the soft edge of a stroke, or nothing
const SPECK = 0.04; // a piece with a smaller share of the largest piece's ink is left out

// Returns 28 * 28 numbers from 0 to 1; null if nothing was drawn.
export function prepareDigit(canvas) {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const ink = Float32Array.from({ length: width * height }, (_, i) => Math.max((pixels[4 * i] / 255 - FAINT) / (1 - FAINT), 0));
  clearSpecks(ink, width, height);
  const rows = ends(height, (r) => ink.subarray(r * width, (r + 1) * width).some((x) => x > 0));
  if (!rows) return null;
  const columns = ends(width, (c) => { for (let r = rows[0]; r < rows[1]; r++) if (ink[r * width + c] > 0) return true; return false; });
  const [tall, wide] = [rows[1] - rows[0], columns[1] - columns[0]];
  const scale = BOX / Math.max(tall, wide);
  const [high, broad] = [tall, wide].map((side) => Math.max(1, Math.round(side * scale)));
  const down = averages(high, tall), across = averages(broad, wide);
  const small = new Float32Array(high * broad);
  for (let r = 0; r < high; r++) {
    for (let c = 0; c < broad; c++) {
      let sum = 0;
      for (const [i, u] of down[r]) for (const [j, v] of across[c]) sum += u * v * ink[(rows[0] + i) * width + columns[0] + j];
      small[r * broad + c] = sum;
    }
  }
  return centred(small, high, broad);
}

function ends(count, has) {
  let first = 0, last = count;
  while (first < count && !has(first)) first++;
  while (last > first && !has(last - 1)) last--;
  return first < last ? [first, last] : null;
}

// For each new pixel the old ones that it covers, with their shares: [[place, share], ...].
function averages(count, old) {
  const scale = old / count;
  return Array.from({ length: count }, (_, k) => {
    const centre = (k + 0.5) * scale - 0.5;
    const shares = [];
    for (let i = 0; i < old; i++) {
      const distance = Math.abs(centre - i);
      const share = scale > 1 ? Math.min(Math.max(scale / 2 + 0.5 - distance, 0), 1) : Math.max(1 - distance, 0);
      if (share > 0) shares.push([i, share]);
    }
    const total = shares.reduce((sum, [, share]) => sum + share, 0);
    return shares.map(([i, share]) => [i, share / total]);
  });
}

function centred(small, high, broad) {
  const largest = Math.max(...small);
  let mass = 0, down = 0, across = 0;
  small.forEach((x, i) => {
    mass += x;
    down += x * (Math.floor(i / broad) + 0.5);
    across += x * ((i % broad) + 0.5);
  });
  const corner = (centre, size) => Math.min(Math.max(Math.round(MIDDLE - centre), 0), SIDE - size);
  const top = corner(down / mass, high), left = corner(across / mass, broad);
  const image = new Float32Array(SIDE * SIDE);
  small.forEach((x, i) => { image[(top + Math.floor(i / broad)) * SIDE + left + (i % broad)] = x / largest; });
  return image;
}

// Clears pieces of ink, connected also by corners, that are small beside the largest one.
function clearSpecks(ink, width, height) {
  const piece = new Int32Array(ink.length);
  const masses = [0];
  for (let start = 0; start < ink.length; start++) {
    if (piece[start] || ink[start] === 0) continue;
    const name = masses.push(0) - 1;
    const todo = [start];
    piece[start] = name;
    while (todo.length) {
      const at = todo.pop();
      masses[name] += ink[at];
      const row = Math.floor(at / width), column = at % width;
      for (let r = Math.max(row - 1, 0); r <= Math.min(row + 1, height - 1); r++) {
        for (let c = Math.max(column - 1, 0); c <= Math.min(column + 1, width - 1); c++) {
          const next = r * width + c;
          if (!piece[next] && ink[next] > 0) { piece[next] = name; todo.push(next); }
        }
      }
    }
  }
  const least = SPECK * Math.max(...masses);
  piece.forEach((name, i) => { if (masses[name] < least) ink[i] = 0; });
}
