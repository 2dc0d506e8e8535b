// The colours of the page, which differ in light and in dark.

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A colour of the page as numbers.
export function rgb(name) {
  const hex = colour(name);
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

export function mix(from, to, share) {
  return from.map((value, i) => value + (to[i] - value) * share);
}
