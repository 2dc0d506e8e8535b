// Answers of the network that the page holds: nothing is sent anywhere.
import { prepareDigit } from "./digit_image.js";
import { Network, softmax } from "./network.js";

const { program, classes } = JSON.parse(document.getElementById("network").textContent);
const network = new Network(program);
const NO_DIGIT = "no digit found: nothing in the picture stands out from its background";

// The same as the server's answer, with the arrays themselves.
export async function answerOf(picture, against) {
  const image = prepareDigit(picture);
  if (!image) return { trouble: NO_DIGIT };
  const answer = answerFor(image, against);
  globalThis.latest = { picture, answer }; // to be looked at in the browser's console
  return { answer };
}

export function answerFor(image, against) {
  const start = performance.now();
  const { scores, outputs } = network.forward(image);
  const probabilities = softmax(scores);
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [winner] = order;
  const rival = classes.indexOf(against);
  const compares = rival >= 0 && rival !== winner;
  const weights = scores.map((_, i) => (i === winner ? 1 : compares && i === rival ? -1 : 0));
  const saliency = network.gradient(weights);
  return {
    class: classes[winner], confidence: probabilities[winner], runner_up: classes[order[1]] ?? null, classes, probabilities,
    against: compares ? classes[rival] : null,
    image: described([28, 28, 1], image), saliency: described([28, 28, 1], saliency),
    layers: outputs.map(({ name, shape, values }) => ({ name, ...described(shape, values) })),
    took: performance.now() - start,
  };
}

// Numbers with one channel after the other, as the page draws them.
function described(shape, numbers) {
  let values = numbers;
  if (shape.length === 3 && shape[2] > 1) {
    const [height, width, channels] = shape;
    values = new Float32Array(numbers.length);
    for (let i = 0; i < height * width; i++) {
      for (let k = 0; k < channels; k++) values[k * height * width + i] = numbers[i * channels + k];
    }
  }
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return { shape, low, high, values };
}

globalThis.answerFor = answerFor; // for whoever wants numbers: answerFor(Float32Array of 28 * 28, null)
