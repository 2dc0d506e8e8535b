// Drags the drawing to and fro for so many frames, and returns the milliseconds between them.
const [frames, done] = arguments;
const pane = document.querySelector(".picture");
const box = pane.getBoundingClientRect();
const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
const send = (kind, dx, dy) => pane.dispatchEvent(new PointerEvent(kind, {
  pointerType: "mouse", button: 0, buttons: 1, clientX: x + dx, clientY: y + dy, bubbles: true,
}));
const times = [];
pane.scrollTo((pane.scrollWidth - pane.clientWidth) / 2, (pane.scrollHeight - pane.clientHeight) / 2);
const step = (time) => {
  times.push(time);
  if (times.length > frames) return done(times.slice(1).map((later, i) => later - times[i]));
  const angle = times.length / 20;
  send("pointermove", 400 * Math.sin(angle), 400 * Math.sin(0.7 * angle)); // up to 20 pixels a frame
  requestAnimationFrame(step);
};
send("pointerdown", 0, 0);
requestAnimationFrame(step);
