// A matrix as a small picture, as common/heat_map.py draws it.
import { make } from "./elements.js";

const FINE = 28;

// Averages blocks of neighbours to at most 28 rows and columns.
function averaged(rows) {
  const byRows = (matrix) => {
    const n = matrix.length;
    if (n <= FINE) return matrix;
    const start = (i) => Math.floor((i * n) / FINE);
    return Array.from({ length: FINE }, (_, i) => matrix[0].map((_x, j) => {
      let total = 0;
      for (let k = start(i); k < start(i + 1); k += 1) total += matrix[k][j];
      return total / (start(i + 1) - start(i));
    }));
  };
  const turned = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
  return turned(byRows(turned(byRows(rows))));
}

// The address of a picture of some numbers; view: where the first one stands, how many rows and columns, and how far apart.
export function heatMap({ data }, [offset, rows, columns, down, across], colors, isImage) {
  const matrix = averaged(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_x, j) => data[offset + i * down + j * across])));
  const numbers = matrix.flat();
  const largest = numbers.filter(Number.isFinite).reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const last = colors.length - 2; // the colour after the last level stands for what is not finite
  const level = (x) => {
    if (!Number.isFinite(x)) return last + 1;
    const share = isImage ? x / largest : (x / largest + 1) / 2;
    return Math.round(Math.min(Math.max(share, 0), 1) * last);
  };
  const canvas = make("canvas", { width: matrix[0].length, height: matrix.length });
  const context = canvas.getContext("2d");
  numbers.forEach((x, i) => {
    context.fillStyle = colors[level(x)];
    context.fillRect(i % matrix[0].length, Math.floor(i / matrix[0].length), 1, 1);
  });
  return canvas.toDataURL();
}
