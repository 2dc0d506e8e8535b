// The network itself, for a page without a server: its forward pass, and the gradient of scores for the pixels.
// Arrays are Float32Arrays in row-major order, images channels-last, as in Python. The innermost loops go over
// neighbouring numbers, so a digit takes a few milliseconds.

// A layer of the program becomes { forward(x) -> y, backward(gradient of y) -> gradient of x }, both plain arrays.
// What backward needs of the forward pass is kept in between.
export class Network {
  constructor(program) {
    this.steps = program.map((layer) => ({ ...layer, ...LAYERS[layer.kind](unpacked(layer)) }));
  }

  // Returns the scores, and what each layer that is shown gave.
  forward(image) {
    const outputs = [];
    let x = image;
    for (const step of this.steps) {
      x = step.forward(x);
      if (step.shown) outputs.push({ name: step.name, shape: step.shape, values: x });
    }
    return { scores: x, outputs };
  }

  // The gradient of the sum of the scores, each times its weight; after a forward pass.
  gradient(weights) {
    return this.steps.reduceRight((g, step) => step.backward(g), Float32Array.from(weights));
  }
}

// Arrays are in base64, as little-endian float32.
function unpacked(layer) {
  const numbers = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  return { ...layer, ...Object.fromEntries(Object.entries(layer.arrays ?? {}).map(([name, text]) => [name, numbers(text)])) };
}

const LAYERS = {
  linear({ weight, bias, inputs, outputs }) {
    return {
      forward(x) {
        const y = bias ? bias.slice() : new Float32Array(outputs);
        for (let i = 0; i < inputs; i++) {
          const value = x[i];
          if (value === 0) continue;
          for (let o = 0, w = i * outputs; o < outputs; o++, w++) y[o] += value * weight[w];
        }
        return y;
      },
      backward(g) {
        const result = new Float32Array(inputs);
        for (let i = 0; i < inputs; i++) {
          let sum = 0;
          for (let o = 0, w = i * outputs; o < outputs; o++, w++) sum += g[o] * weight[w];
          result[i] = sum;
        }
        return result;
      },
    };
  },

  conv({ weight, bias, from, shape, kernel, stride, padding, dilation }) {
    const [height, width, inputs] = from;
    const [outHeight, outWidth, outputs] = shape;
    // Calls visit(place of the input pixel, place of the output pixel, place of the weights) for each pixel of a window.
    const windows = (visit) => {
      for (let r = 0; r < outHeight; r++) {
        for (let c = 0; c < outWidth; c++) {
          for (let i = 0; i < kernel[0]; i++) {
            const row = r * stride[0] - padding[0] + i * dilation[0];
            if (row < 0 || row >= height) continue;
            for (let j = 0; j < kernel[1]; j++) {
              const column = c * stride[1] - padding[1] + j * dilation[1];
              if (column < 0 || column >= width) continue;
              visit((row * width + column) * inputs, (r * outWidth + c) * outputs, (i * kernel[1] + j) * inputs * outputs);
            }
          }
        }
      }
    };
    return {
      forward(x) {
        const y = new Float32Array(outHeight * outWidth * outputs);
        if (bias) for (let at = 0; at < y.length; at += outputs) y.set(bias, at);
        windows((at, to, w) => {
          for (let k = 0; k < inputs; k++, w += outputs) {
            const value = x[at + k];
            if (value === 0) continue; // after ReLU half of them are
            for (let o = 0; o < outputs; o++) y[to + o] += value * weight[w + o];
          }
        });
        return y;
      },
      backward(g) {
        const result = new Float32Array(height * width * inputs);
        windows((at, to, w) => {
          for (let k = 0; k < inputs; k++, w += outputs) {
            let sum = 0;
            for (let o = 0; o < outputs; o++) sum += g[to + o] * weight[w + o];
            result[at + k] += sum;
          }
        });
        return result;
      },
    };
  },

  // The first of the largest pixels of a window gets the gradient, as in the engine.
  max_pool({ from, shape, kernel, stride, padding }) {
    const [height, width, channels] = from;
    const [outHeight, outWidth] = shape;
    let winners;
    return {
      forward(x) {
        const y = new Float32Array(outHeight * outWidth * channels).fill(-Infinity);
        winners = new Int32Array(y.length);
        for (let r = 0, to = 0; r < outHeight; r++) {
          for (let c = 0; c < outWidth; c++, to += channels) {
            const [top, left] = [r * stride[0] - padding[0], c * stride[1] - padding[1]];
            for (let row = Math.max(top, 0); row < Math.min(top + kernel[0], height); row++) {
              for (let column = Math.max(left, 0); column < Math.min(left + kernel[1], width); column++) {
                const at = (row * width + column) * channels;
                for (let k = 0; k < channels; k++) {
                  if (x[at + k] > y[to + k]) { y[to + k] = x[at + k]; winners[to + k] = at + k; }
                }
              }
            }
          }
        }
        return y;
      },
      backward(g) {
        const result = new Float32Array(height * width * channels);
        g.forEach((value, i) => { result[winners[i]] += value; });
        return result;
      },
    };
  },

  // The mean over windows; zeros of the padding count.
  average_pool({ from, shape, kernel, stride, padding }) {
    const [height, width, channels] = from;
    const [outHeight, outWidth] = shape.length === 3 ? shape : [1, 1];
    const share = 1 / (kernel[0] * kernel[1]);
    const windows = (visit) => {
      for (let r = 0, to = 0; r < outHeight; r++) {
        for (let c = 0; c < outWidth; c++, to += channels) {
          const [top, left] = [r * stride[0] - padding[0], c * stride[1] - padding[1]];
          for (let row = Math.max(top, 0); row < Math.min(top + kernel[0], height); row++) {
            for (let column = Math.max(left, 0); column < Math.min(left + kernel[1], width); column++) {
              const at = (row * width + column) * channels;
              for (let k = 0; k < channels; k++) visit(at + k, to + k);
            }
          }
        }
      }
    };
    return {
      forward(x) {
        const y = new Float32Array(outHeight * outWidth * channels);
        windows((at, to) => { y[to] += share * x[at]; });
        return y;
      },
      backward(g) {
        const result = new Float32Array(height * width * channels);
        windows((at, to) => { result[at] += share * g[to]; });
        return result;
      },
    };
  },

  // x * scale + shift, with as many numbers as the last axes have: batch normalisation, and preprocessing.
  affine({ scale, shift }) {
    const n = scale.length;
    return {
      forward: (x) => x.map((value, i) => value * scale[i % n] + shift[i % n]),
      backward: (g) => g.map((value, i) => value * scale[i % n]),
    };
  },

  relu: () => elementwise((x) => (x > 0 ? x : 0), (x) => (x > 0 ? 1 : 0)),
  leaky_relu: ({ slope }) => elementwise((x) => (x > 0 ? x : slope * x), (x) => (x > 0 ? 1 : slope)),
  tanh: () => elementwise(Math.tanh, (x, y) => 1 - y * y),
  sigmoid: () => elementwise((x) => 1 / (1 + Math.exp(-x)), (x, y) => y * (1 - y)),
};

// derivative: of x and y.
function elementwise(value, derivative) {
  let x, y;
  return {
    forward: (given) => { x = given; y = x.map(value); return y; },
    backward: (g) => g.map((each, i) => each * derivative(x[i], y[i])),
  };
}

export function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
