// The view for a lecture: the picture and the formula fill the screen, in large letters; a key or a click goes on.

export function addSlides(player) {
  const { root, pane } = player;
  const button = player.button("slides", "as slides", () => toggle());
  button.setAttribute("aria-pressed", "false");
  player.view.append(button);
  let size = null; // of the drawing before the slides

  const show = (on) => {
    if (on === root.classList.contains("slides")) return;
    const svg = pane.querySelector("svg");
    root.classList.toggle("slides", on);
    button.setAttribute("aria-pressed", on);
    if (on) size = [svg?.getAttribute("width"), svg?.getAttribute("height")];
    if (on) player.camera?.fit();
    else if (svg) ["width", "height"].forEach((name, i) => svg.setAttribute(name, size[i]));
    player.follow();
    if (on) root.focus();
  };
  // A page in a frame may not be allowed to fill the screen; then it fills its frame.
  const toggle = () => {
    const on = !root.classList.contains("slides");
    show(on);
    if (on) root.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement === root) document.exitFullscreen();
  };
  const onScreen = () => {
    if (document.fullscreenElement !== root) show(false);
    else player.camera?.fit();
  };
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const tag = event.target.tagName;
    if (tag === "INPUT" || tag === "TEXTAREA" || tag === "SELECT") return;
    const on = root.classList.contains("slides");
    if (event.key === "s") toggle();
    else if (event.key === "Escape" && on) toggle();
    else if (event.key === "PageDown" && on) player.go(player.at + 1); // the keys of a presenter's remote control
    else if (event.key === "PageUp" && on) player.go(player.at - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = (event) => {
    const free = !event.target.closest("button, input, select, a, .node");
    if (free && root.classList.contains("slides")) player.go(player.at + 1);
  };
  const refit = () => { if (root.classList.contains("slides")) player.camera?.fit(); };
  const listener = player.ownsPage ? document : root;
  listener.addEventListener("keydown", onKey);
  root.addEventListener("click", onClick);
  document.addEventListener("fullscreenchange", onScreen);
  window.addEventListener("resize", refit);
  player.closers.push(() => {
    listener.removeEventListener("keydown", onKey);
    document.removeEventListener("fullscreenchange", onScreen);
    window.removeEventListener("resize", refit);
  });
}
