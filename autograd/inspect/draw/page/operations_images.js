// Windows of images (N, H, W, C): convolutions, pools, and their gradients.
import { OPERATIONS, empty } from "./arrays.js";
import { ELEMENTS } from "./operations_elements.js";

// Calls visit with each pixel of a window that is no padding: the places of output and pixel, and the place in the window.
function eachPixel(shape, [kh, kw], { stride, padding, dilation = [1, 1] }, visit) {
  const [count, height, width] = shape;
  const size = (n, k, axis) => Math.floor((n + padding[axis][0] + padding[axis][1] - dilation[axis] * (k - 1) - 1) / stride[axis]) + 1;
  const [oh, ow] = [size(height, kh, 0), size(width, kw, 1)];
  for (let n = 0, o = 0; n < count; n += 1) {
    for (let r = 0; r < oh; r += 1) {
      for (let s = 0; s < ow; s += 1, o += 1) {
        for (let i = 0; i < kh; i += 1) {
          const y = r * stride[0] + i * dilation[0] - padding[0][0];
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < kw; j += 1) {
            const x = s * stride[1] + j * dilation[1] - padding[1][0];
            if (x >= 0 && x < width) visit(o, (n * height + y) * width + x, i * kw + j);
          }
        }
      }
    }
  }
  return [count, oh, ow];
}

const windowsOf = (shape, kernel, window) => eachPixel([shape[0], shape[1], shape[2]], kernel, window, () => {});

function conv2d(x, w, b, window) {
  const [kh, kw, channels, filters] = w.shape;
  const result = empty([...windowsOf(x.shape, [kh, kw], window), filters]);
  eachPixel(x.shape, [kh, kw], window, (o, p, k) => {
    for (let c = 0; c < channels; c += 1) {
      const v = x.data[p * channels + c];
      for (let f = 0; f < filters; f += 1) result.data[o * filters + f] += v * w.data[(k * channels + c) * filters + f];
    }
  });
  return b ? ELEMENTS.add([result, b]) : result;
}

function convInputGradient(g, w, shape, window) {
  const [kh, kw, channels, filters] = w.shape;
  const result = empty([...shape.slice(0, 3), channels]);
  eachPixel(shape, [kh, kw], window, (o, p, k) => {
    for (let c = 0; c < channels; c += 1) {
      let total = 0;
      for (let f = 0; f < filters; f += 1) total += g.data[o * filters + f] * w.data[(k * channels + c) * filters + f];
      result.data[p * channels + c] += total;
    }
  });
  return result;
}

function convWeightGradient(x, g, shape, window) {
  const [channels, filters] = [x.shape[3], g.shape[3]];
  const result = empty([shape[0], shape[1], channels, filters]);
  eachPixel(x.shape, shape.slice(0, 2), window, (o, p, k) => {
    for (let c = 0; c < channels; c += 1) {
      const v = x.data[p * channels + c];
      for (let f = 0; f < filters; f += 1) result.data[(k * channels + c) * filters + f] += v * g.data[o * filters + f];
    }
  });
  return result;
}

// The largest element of each window and its place; the first of equal ones, or the first NaN.
function windowMax(x, kernel, window) {
  const channels = x.shape[3];
  const values = empty([...windowsOf(x.shape, kernel, window), channels]);
  const winners = empty(values.shape);
  values.data.fill(-Infinity);
  winners.data.fill(kernel[0] * kernel[1]);
  eachPixel(x.shape, kernel, window, (o, p, k) => {
    for (let c = 0; c < channels; c += 1) {
      const at = o * channels + c;
      const v = x.data[p * channels + c];
      const first = winners.data[at] === kernel[0] * kernel[1];
      if (first || v > values.data[at] || (v !== v && values.data[at] === values.data[at])) { values.data[at] = v; winners.data[at] = k; }
    }
  });
  return [values, winners];
}

// Adds pixels up into windows, or windows into pixels: all of them, or the winners alone.
function pooled(x, shape, kernel, window, winners, toPixels) {
  const channels = x.shape[3];
  const result = empty(toPixels ? shape : [...windowsOf(shape, kernel, window), channels]);
  eachPixel(shape, kernel, window, (o, p, k) => {
    for (let c = 0; c < channels; c += 1) {
      const [at, pixel] = [o * channels + c, p * channels + c];
      if (winners && winners.data[at] !== k) continue;
      if (toPixels) result.data[pixel] += x.data[at];
      else result.data[at] += x.data[pixel];
    }
  });
  return result;
}

Object.assign(OPERATIONS, {
  conv2d: ([x, w], window) => conv2d(x, w, null, window), conv2d_with_bias: ([x, w, b], window) => conv2d(x, w, b, window),
  conv2d_input_gradient: ([g, w], { shape, ...window }) => convInputGradient(g, w, shape, window),
  conv2d_weight_gradient: ([x, g], { shape, ...window }) => convWeightGradient(x, g, shape, window),
  window_max: ([x], { kernel, ...window }) => windowMax(x, kernel, window),
  window_take: ([x], { winners, kernel, ...window }) => pooled(x, x.shape, kernel, window, winners, false),
  window_put: ([g], { winners, shape, kernel, ...window }) => pooled(g, shape, kernel, window, winners, true),
  window_sum: ([x], { kernel, ...window }) => pooled(x, x.shape, kernel, window, null, false),
  window_spread: ([g], { shape, kernel, ...window }) => pooled(g, shape, kernel, window, null, true),
});
